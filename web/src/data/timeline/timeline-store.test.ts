import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Message } from '../types'
import { me, message, messages } from './testing'
import { TimelineStore } from './timeline-store'

const onBehind = vi.fn()
let store: TimelineStore

/** A room that was opened on its newest page: messages up to `last`, at the revision `last`. */
function open(last: number, from = 1): void {
  store.applyPage(messages(from, last), last)
}

const numbers = () => store.snapshot().segments.map((segment) => segment.map((item) => item.number))
const post = (item: Message) => store.applyChange({ revision: item.revision, message: item })
const pending = (clientKey: string) => ({ clientKey, body: 'hello', createdAt: '2026-11-20T09:00:00.000Z', state: 'sending' as const })
const mine = (number: number, clientKey: string) => message(number, { author_id: me, client_key: clientKey })

beforeEach(() => {
  onBehind.mockReset()
  store = new TimelineStore(me, onBehind)
})

describe('events in order', () => {
  it('appends and moves the revision', () => {
    open(3)
    post(message(4))
    expect(numbers()).toEqual([[1, 2, 3, 4]])
    expect(store.snapshot()).toMatchObject({ revision: 4, lastNumber: 4, catchUp: 'live' })
    expect(onBehind).not.toHaveBeenCalled()
  })

  it('takes the first message of an empty room', () => {
    store.applyPage([], 0)
    post(message(1))
    expect(numbers()).toEqual([[1]])
  })

  it('takes the first message of a room that is known to have more', () => {
    store.applyPage([], 0)
    store.noteLastNumber(2)
    post(message(1))
    post(message(2))
    expect(numbers()).toEqual([[1, 2]])
  })

  it('applies edits and deletes to what is loaded', () => {
    open(3)
    store.applyChange({ revision: 4, message: message(2, { revision: 4, body: 'better', edited_at: '2026-11-20T09:05:00.000Z' }) })
    store.applyChange({ revision: 5, message: message(3, { revision: 5, body: '', deleted_at: '2026-11-20T09:06:00.000Z' }) })
    expect(store.find(2)?.body).toBe('better')
    expect(store.find(3)?.deleted_at).toBeDefined()
    expect(store.snapshot().revision).toBe(5)
  })

  it('counts a delete of something that is not loaded, and loads nothing', () => {
    open(60, 31)
    store.applyChange({ revision: 61, message: message(4, { revision: 61, deleted_at: '2026-11-20T09:06:00.000Z' }) })
    expect(numbers()).toEqual([messages(31, 60).map((item) => item.number)])
    expect(store.snapshot()).toMatchObject({ revision: 61, lastNumber: 60, catchUp: 'live' })
  })

  it('moves the revision on a change without a message', () => {
    open(3)
    store.applyChange({ revision: 4 })
    expect(store.snapshot().revision).toBe(4)
  })
})

describe('events repeated, late and out of order', () => {
  it('ignores a repeated event', () => {
    open(3)
    post(message(4))
    const before = store.snapshot().segments
    post(message(4))
    expect(store.snapshot().segments).toBe(before)
  })

  it('does not bring an edit back after a later one', () => {
    open(3)
    store.applyChange({ revision: 4, message: message(1, { revision: 4, body: 'first edit' }) })
    store.applyChange({ revision: 5, message: message(1, { revision: 5, body: 'second edit' }) })
    store.applyChange({ revision: 4, message: message(1, { revision: 4, body: 'first edit' }) })
    expect(store.find(1)?.body).toBe('second edit')
  })

  it('puts two events that overtook each other in order, and asks for nothing in the end', () => {
    open(3)
    post(message(5))
    expect(numbers()).toEqual([[1, 2, 3]])
    expect(store.snapshot().catchUp).toBe('behind')
    post(message(4))
    expect(numbers()).toEqual([[1, 2, 3, 4, 5]])
    expect(store.snapshot()).toMatchObject({ revision: 5, catchUp: 'live' })
    expect(store.isBehind).toBe(false)
  })

  it('any order of the same events ends the same', () => {
    const events = [
      message(4),
      message(5),
      message(4, { revision: 6, body: 'edited' }),
      message(6, { revision: 7 }),
      message(5, { revision: 8, body: '', deleted_at: '2026-11-20T09:10:00.000Z' }),
    ]
    const orders = [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
      [0, 0, 4, 4, 3, 1, 2, 2],
    ]
    const results = orders.map((order) => {
      const run = new TimelineStore(me)
      run.applyPage(messages(1, 3), 3)
      for (const at of order) run.applyChange({ revision: events[at]!.revision, message: events[at]! })
      return run.snapshot()
    })
    for (const result of results) {
      expect(result.segments).toEqual(results[0]!.segments)
      expect(result.revision).toBe(8)
      expect(result.catchUp).toBe('live')
    }
  })

  it('keeps events that come before the first page, and applies those the page does not have', () => {
    store.startLoading()
    post(message(4))
    post(message(5))
    store.applyPage(messages(1, 4), 4)
    expect(numbers()).toEqual([[1, 2, 3, 4, 5]])
    expect(store.snapshot().revision).toBe(5)
  })

  it('notices that something is missing between the page and an early event', () => {
    store.startLoading()
    post(message(6))
    store.applyPage(messages(1, 4), 4)
    expect(store.isBehind).toBe(true)
    expect(onBehind).toHaveBeenCalledOnce()
  })
})

describe('holes', () => {
  it('says once that it is behind, and shows what fits meanwhile', () => {
    open(3)
    store.applyChange({ revision: 9, message: message(2, { revision: 9, body: 'edited' }) })
    store.applyChange({ revision: 10, message: message(8, { revision: 10 }) })
    expect(onBehind).toHaveBeenCalledOnce()
    expect(store.find(2)?.body).toBe('edited')
    expect(store.find(8)).toBeUndefined()
    expect(store.snapshot()).toMatchObject({ revision: 3, catchUp: 'behind' })
  })

  it('is healed by the changes, whatever their order of numbers', () => {
    open(3)
    post(message(8, { revision: 10 }))
    // By revision: 4 was edited after 5 to 7 were posted.
    store.applyChanges([message(5), message(6), message(7), message(4, { revision: 8 }), message(2, { revision: 9, body: 'edited' })], 9)
    expect(numbers()).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]])
    expect(store.find(2)?.body).toBe('edited')
    expect(store.snapshot()).toMatchObject({ revision: 10, catchUp: 'live' })
  })

  it('stays behind while a page of changes is not the last', () => {
    open(3)
    store.expect(10)
    store.applyChanges([message(4), message(5)], 5)
    expect(store.isBehind).toBe(true)
    store.applyChanges(messages(6, 10), 10)
    expect(store.isBehind).toBe(false)
    expect(numbers()).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]])
  })

  it('takes the same changes twice', () => {
    open(3)
    store.expect(6)
    store.applyChanges(messages(4, 6), 6)
    const before = store.snapshot().segments
    store.applyChanges(messages(4, 6), 6)
    expect(store.snapshot().segments).toBe(before)
  })

  it('starts again from the newest page when too much was missed', () => {
    open(3)
    store.expect(5000)
    store.reset(messages(4951, 5000), 5000)
    expect(numbers()[0]).toHaveLength(50)
    expect(store.snapshot()).toMatchObject({ revision: 5000, lastNumber: 5000, catchUp: 'live' })
    post(message(5001))
    expect(store.find(5001)).toBeDefined()
  })

  it('says that catching up failed, and tries again', () => {
    open(3)
    store.expect(5)
    store.failCatchUp()
    expect(store.snapshot().catchUp).toBe('failed')
    store.retryCatchUp()
    expect(store.snapshot().catchUp).toBe('behind')
  })
})

describe('pages', () => {
  it('joins older pages without touching the revision', () => {
    open(60, 31)
    expect(store.applyPage(messages(1, 30), 60)).toEqual({ stale: false })
    expect(numbers()).toEqual([messages(1, 60).map((item) => item.number)])
    expect(store.snapshot().revision).toBe(60)
  })

  it('says that a page is stale which was read before a change we have', () => {
    open(60, 31)
    store.applyChange({ revision: 61, message: message(10, { revision: 61, body: 'edited' }) })
    expect(store.applyPage(messages(1, 30), 60)).toEqual({ stale: true })
    store.applyChanges([message(10, { revision: 61, body: 'edited' })], 0)
    expect(store.find(10)?.body).toBe('edited')
    expect(store.snapshot().revision).toBe(61)
  })

  it('knows a gap to the end of the room, and closes it', () => {
    store.noteLastNumber(500)
    store.applyPage(messages(1, 50), 500)
    expect(store.reachesEnd).toBe(false)
    store.applyPage(messages(451, 500), 500)
    expect(store.reachesEnd).toBe(true)
    expect(numbers()).toHaveLength(2)
    post(message(501))
    expect(store.find(501)).toBeDefined()
  })

  it('does not append across a gap at the end', () => {
    store.noteLastNumber(500)
    store.applyPage(messages(1, 50), 500)
    post(message(501))
    expect(store.find(501)).toBeUndefined()
    expect(store.snapshot()).toMatchObject({ lastNumber: 501, revision: 501 })
  })

  it('keeps only the newest of a room at rest', () => {
    open(300)
    store.trim(200)
    expect(numbers()[0]![0]).toBe(101)
    expect(store.reachesEnd).toBe(true)
  })
})

describe('sending', () => {
  it('replaces the row when the answer comes before the echo', () => {
    open(3)
    store.addPending(pending('a'))
    post(mine(4, 'a'))
    expect(store.snapshot().pending).toEqual([])
    expect(numbers()).toEqual([[1, 2, 3, 4]])
    post(mine(4, 'a'))
    expect(numbers()).toEqual([[1, 2, 3, 4]])
  })

  it('replaces the row when the echo comes first, and ignores the answer', () => {
    open(3)
    store.addPending(pending('a'))
    post(mine(4, 'a'))
    post(message(5))
    post(mine(4, 'a'))
    expect(store.snapshot()).toMatchObject({ pending: [], revision: 5 })
    expect(numbers()).toEqual([[1, 2, 3, 4, 5]])
  })

  it('keeps the row as sent while messages before it are missing', () => {
    open(3)
    store.addPending(pending('a'))
    post(mine(6, 'a'))
    expect(store.snapshot().pending).toMatchObject([{ clientKey: 'a', state: 'sent' }])
    store.applyChanges([message(4), message(5), mine(6, 'a')], 6)
    expect(store.snapshot().pending).toEqual([])
    expect(numbers()).toEqual([[1, 2, 3, 4, 5, 6]])
  })

  it('settles rows that a page brings', () => {
    store.addPending(pending('a'))
    store.applyPage([message(1), mine(2, 'a')], 2)
    expect(store.snapshot().pending).toEqual([])
  })

  it("does not take another author's equal key for ours", () => {
    open(3)
    store.addPending(pending('key-4'))
    post(message(4))
    expect(store.snapshot().pending).toHaveLength(1)
  })

  it('adds a row once', () => {
    store.addPending(pending('a'))
    store.addPending(pending('a'))
    expect(store.snapshot().pending).toHaveLength(1)
  })

  it('shows a failure with its reason, and forgets a discarded row', () => {
    store.addPending(pending('a'))
    store.updatePending('a', { state: 'failed', reason: 'too long' })
    expect(store.snapshot().pending).toMatchObject([{ state: 'failed', reason: 'too long' }])
    store.removePending('a')
    expect(store.snapshot().pending).toEqual([])
  })
})

describe('changing', () => {
  it('shows a change at once and takes the answer in its place', () => {
    open(3)
    store.startChange(2, { kind: 'edit', body: 'new' })
    expect(store.snapshot().changes.get(2)).toEqual({ kind: 'edit', body: 'new' })
    store.endChange(2, message(2, { revision: 4, body: 'new' }))
    expect(store.snapshot().changes.size).toBe(0)
    expect(store.find(2)?.body).toBe('new')
    expect(store.snapshot().revision).toBe(4)
  })

  it('goes back to what was when the server refuses', () => {
    open(3)
    store.startChange(2, { kind: 'delete' })
    store.endChange(2)
    expect(store.snapshot().changes.size).toBe(0)
    expect(store.find(2)?.body).toBe('message 2')
  })

  it('shows the answer at once even when changes before it are missing', () => {
    open(3)
    store.startChange(2, { kind: 'edit', body: 'new' })
    store.endChange(2, message(2, { revision: 9, body: 'new' }))
    expect(store.find(2)?.body).toBe('new')
    expect(store.isBehind).toBe(true)
  })
})

describe('notifying', () => {
  it('tells once about a batch', () => {
    open(3)
    const listener = vi.fn()
    store.subscribe(listener)
    store.batch(() => {
      post(message(4))
      post(message(5))
      post(message(6))
    })
    expect(listener).toHaveBeenCalledOnce()
  })

  it('does not tell when nothing changed', () => {
    open(3)
    const listener = vi.fn()
    store.subscribe(listener)
    post(message(2))
    store.noteLastNumber(2)
    store.updatePending('nobody', { state: 'failed' })
    expect(listener).not.toHaveBeenCalled()
  })
})

describe('in doubt whether something was missed', () => {
  it('shows that it catches up until it is known that nothing was', () => {
    open(3)
    store.doubt(true)
    expect(store.snapshot().catchUp).toBe('behind')
    expect(store.isBehind).toBe(false)
    store.doubt(false)
    expect(store.snapshot().catchUp).toBe('live')
    expect(onBehind).not.toHaveBeenCalled()
  })

  it('asks for what it then knows to be missing', () => {
    open(3)
    store.doubt(true)
    post(message(5))
    expect(onBehind).toHaveBeenCalledOnce()
    store.doubt(false)
    expect(store.snapshot().catchUp).toBe('behind')
    store.applyChanges([message(4)], 4)
    expect(store.snapshot()).toMatchObject({ revision: 5, catchUp: 'live' })
  })
})
