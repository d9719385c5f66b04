import 'fake-indexeddb/auto'
import { waitFor } from '@testing-library/react'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OutboxRow, type OutboxStorage, openOutboxStorage } from './database'
import { Outbox } from './outbox'
import { NetworkError, ProblemError } from './problem'
import { message } from './timeline/testing'
import type { Message } from './types'

const userId = 1
let storage: OutboxStorage
let outbox: Outbox
let posted: OutboxRow[]
let answer: (row: OutboxRow) => Promise<Message>
const events = { onQueued: vi.fn(), onState: vi.fn(), onSent: vi.fn(), onDiscarded: vi.fn() }

function stored(row: OutboxRow): Promise<Message> {
  return Promise.resolve(message(posted.length, { author_id: userId, client_key: row.clientKey, body: row.body }))
}

function open(): Outbox {
  return new Outbox(
    userId,
    storage,
    (row) => {
      posted.push(row)
      return answer(row)
    },
    events,
  )
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  storage = openOutboxStorage()
  posted = []
  answer = stored
  for (const mock of Object.values(events)) mock.mockReset()
  outbox = open()
})

afterEach(() => {
  outbox.close()
  vi.unstubAllGlobals()
})

const sent = (count: number) => waitFor(() => expect(events.onSent).toHaveBeenCalledTimes(count))

describe('sending', () => {
  it('sends in the order of writing and forgets what was acknowledged', async () => {
    outbox.send(7, 'one')
    outbox.send(7, 'two')
    outbox.send(8, 'three')
    await sent(3)
    expect(posted.map((row) => row.body)).toEqual(['one', 'two', 'three'])
    expect(await storage.list(userId)).toEqual([])
    expect(outbox.store.getState().waiting.size).toBe(0)
  })

  it('shows the message before anything is stored or sent', () => {
    const key = outbox.send(7, 'one')
    expect(events.onQueued).toHaveBeenCalledWith(7, expect.objectContaining({ clientKey: key, body: 'one', state: 'sending' }))
    expect(outbox.pendingIn(7)).toHaveLength(1)
  })
})

describe('without an answer', () => {
  it('waits and tries again with the same key, the later ones behind it', async () => {
    let offline = true
    answer = (row) => (offline ? Promise.reject(new NetworkError()) : stored(row))
    const first = outbox.send(7, 'one')
    outbox.send(7, 'two')
    await waitFor(() => expect(events.onState).toHaveBeenCalledWith(7, first, expect.objectContaining({ state: 'waiting' })))
    offline = false
    outbox.kick()
    await sent(2)
    expect(posted.filter((row) => row.clientKey === first).length).toBeGreaterThan(1)
    expect(events.onSent.mock.calls.map(([item]) => item.body)).toEqual(['one', 'two'])
  })

  it('survives a reload', async () => {
    answer = () => Promise.reject(new NetworkError())
    const keys = [outbox.send(7, 'one'), outbox.send(7, 'two')]
    await waitFor(async () => expect(await storage.list(userId)).toHaveLength(2))
    outbox.close()
    posted = []
    answer = stored
    outbox = open()
    await outbox.restore()
    await sent(2)
    expect(posted.map((row) => row.clientKey)).toEqual(keys)
  })

  it('says when it may try again after sending too fast', async () => {
    answer = () => Promise.reject(new ProblemError({ status: 429, code: 'rate_limited', retry_after_ms: 4000 }))
    const key = outbox.send(7, 'one')
    await waitFor(() => expect(events.onState).toHaveBeenCalledWith(7, key, { state: 'waiting', retryAt: expect.any(Number) }))
  })
})

describe('refused', () => {
  const refusal = new ProblemError({ status: 403, code: 'forbidden', detail: 'You are not in this room.' })

  it('sets the one aside with its reason and goes on with the rest', async () => {
    answer = (row) => (row.body === 'one' ? Promise.reject(refusal) : stored(row))
    const key = outbox.send(7, 'one')
    outbox.send(7, 'two')
    await sent(1)
    expect(events.onState).toHaveBeenCalledWith(7, key, expect.objectContaining({ state: 'failed', reason: 'You are not in this room.' }))
    expect((await storage.list(userId)).map((row) => row.refusal)).toEqual(['You are not in this room.'])
  })

  it('is tried again when a person says so, with the same key', async () => {
    answer = () => Promise.reject(refusal)
    const key = outbox.send(7, 'one')
    await waitFor(() => expect(events.onState).toHaveBeenCalledWith(7, key, expect.objectContaining({ state: 'failed' })))
    answer = stored
    await outbox.retry(key)
    await sent(1)
    expect(posted.map((row) => row.clientKey)).toEqual([key, key])
  })

  it('can be discarded', async () => {
    answer = () => Promise.reject(refusal)
    const key = outbox.send(7, 'one')
    await waitFor(() => expect(events.onState).toHaveBeenCalledWith(7, key, expect.objectContaining({ state: 'failed' })))
    await outbox.discard(key)
    expect(events.onDiscarded).toHaveBeenCalledWith(7, key)
    expect(await storage.list(userId)).toEqual([])
  })

  it('keeps everything when a token is refused, and sends it once one is not', async () => {
    answer = () => Promise.reject(new ProblemError({ status: 401, code: 'unauthenticated' }))
    const key = outbox.send(7, 'one')
    await waitFor(() => expect(events.onState).toHaveBeenCalledWith(7, key, expect.objectContaining({ state: 'waiting' })))
    expect((await storage.list(userId)).map((row) => row.refusal)).toEqual([undefined])
    answer = stored
    outbox.kick()
    await sent(1)
  })
})

it('sends what the browser had no room to store, in its order', async () => {
  const add = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementationOnce(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  answer = () => Promise.reject(new NetworkError())
  outbox.send(7, 'one')
  outbox.send(7, 'two')
  await waitFor(() => expect(posted).not.toHaveLength(0))
  await waitFor(async () => expect((await storage.list(userId)).map((row) => row.body)).toEqual(['one', 'two']))
  answer = stored
  outbox.kick()
  await sent(2)
  expect(events.onSent.mock.calls.map(([message]) => (message as Message).body)).toEqual(['one', 'two'])
  expect(await storage.list(userId)).toEqual([])
  add.mockRestore()
})

it('does not wait for what a tab sent that is gone by now', async () => {
  answer = () => Promise.reject(new NetworkError())
  const key = outbox.send(7, 'one')
  await waitFor(() => expect(posted).toHaveLength(1))
  await storage.remove(key) // by the other tab, which was closed before it said so
  answer = stored
  outbox.kick()
  await waitFor(() => expect(outbox.store.getState().waiting.size).toBe(0))
  expect(events.onDiscarded).toHaveBeenCalledWith(7, key)
  expect(events.onSent).not.toHaveBeenCalled()
})

it('forgets nothing when the storage cannot be read', async () => {
  answer = () => Promise.reject(new NetworkError())
  outbox.send(7, 'one')
  await waitFor(() => expect(posted).toHaveLength(1))
  const list = vi.spyOn(storage, 'list').mockRejectedValueOnce(new DOMException('gone', 'UnknownError'))
  outbox.kick()
  await waitFor(() => expect(list).toHaveBeenCalled())
  answer = stored
  outbox.kick()
  await sent(1)
  list.mockRestore()
})

it('still sends when the browser refuses storage', async () => {
  vi.stubGlobal('indexedDB', {
    open: () => {
      throw new DOMException('denied')
    },
  })
  outbox.close()
  storage = openOutboxStorage()
  outbox = open()
  outbox.send(7, 'one')
  await sent(1)
})
