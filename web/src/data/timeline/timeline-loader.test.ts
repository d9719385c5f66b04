import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Api } from '../api'
import { NetworkError, ProblemError } from '../problem'
import type { ChangePage, Message, MessagePage, Room } from '../types'
import { me, message, messages } from './testing'
import { TimelineLoader } from './timeline-loader'

/** A room on a server of the test's own: real paging over an array. */
class FakeRoom {
  messages: Message[]
  revision: number
  changesAsked: number[] = []
  failing = false
  busyForMs = 0
  pageSize = 500

  constructor(last: number) {
    this.messages = messages(1, last)
    this.revision = last
  }

  get room(): Room {
    const at = '2026-11-20T09:00:00.000Z'
    const counts = { last_number: this.messages.length, revision: this.revision, member_count: 2 }
    return { id: 7, name: 'releases', kind: 'public', topic: '', created_by: 1, created_at: at, active_at: at, ...counts }
  }

  post(): Message {
    const next = message(this.messages.length + 1, { revision: ++this.revision })
    this.messages.push(next)
    return next
  }

  edit(number: number, body: string): Message {
    const next = { ...this.messages[number - 1]!, body, revision: ++this.revision }
    this.messages[number - 1] = next
    return next
  }

  history = 'first'

  api(): Api {
    const GET = async (path: string, { params }: { params: { query: Record<string, number> } }) => {
      if (this.failing) throw new NetworkError()
      if (this.busyForMs > 0) throw new ProblemError({ status: 503, code: 'unavailable', retry_after_ms: this.busyForMs })
      return { data: path.endsWith('/changes') ? this.changes(params.query.since!) : this.page(params.query) }
    }
    return { GET } as unknown as Api
  }

  private page({ before, after, limit }: { before?: number; after?: number; limit?: number }): MessagePage {
    const all = this.messages.filter(
      (item) => (before === undefined || item.number < before) && (after === undefined || item.number > after),
    )
    const items = after === undefined ? all.slice(-limit!) : all.slice(0, limit)
    return { history: this.history, items, has_more: items.length < all.length, revision: this.revision }
  }

  private changes(since: number): ChangePage {
    this.changesAsked.push(since)
    const all = this.messages.filter((item) => item.revision > since).sort((a, b) => a.revision - b.revision)
    const items = all.slice(0, this.pageSize)
    const more = items.length < all.length
    return { history: this.history, items, has_more: more, revision: more ? items.at(-1)!.revision : this.revision, room: this.room }
  }
}

let server: FakeRoom
let loader: TimelineLoader

function start(last: number): void {
  server = new FakeRoom(last)
  loader = new TimelineLoader(7, me, server.api(), {
    onRoom: () => {},
    onAuthors: () => {},
    belongs: (history) => history === 'first',
  })
}

const loaded = () => loader.store.snapshot().segments.map((segment) => [segment[0]!.number, segment.at(-1)!.number])

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  loader.dispose()
  vi.useRealTimers()
})

describe('opening', () => {
  it('loads the newest page', async () => {
    start(120)
    await loader.open({ ...server.room, last_read_number: 120 })
    expect(loaded()).toEqual([[71, 120]])
    expect(loader.store.reachesEnd).toBe(true)
  })

  it('loads around the first unread message when there are many', async () => {
    start(500)
    await loader.open({ ...server.room, last_read_number: 200 })
    expect(loaded()).toEqual([[176, 250]])
    expect(loader.store.reachesEnd).toBe(false)
    await loader.loadLatest()
    expect(loaded()).toEqual([
      [176, 250],
      [451, 500],
    ])
  })

  it('fails visibly and can be tried again', async () => {
    start(10)
    server.failing = true
    await loader.open(server.room)
    expect(loader.store.snapshot().status).toBe('failed')
    server.failing = false
    await loader.open(server.room)
    expect(loaded()).toEqual([[1, 10]])
  })

  it('asks for what the list knows and the page does not', async () => {
    start(10)
    const { room } = server
    await loader.open({ ...room, revision: room.revision + 1 })
    expect(loader.store.isBehind).toBe(true)
  })
})

describe('paging', () => {
  it('goes back to the start, one page at a time', async () => {
    start(120)
    await loader.open(server.room)
    await Promise.all([loader.loadOlder(), loader.loadOlder()])
    expect(loaded()).toEqual([[21, 120]])
    await loader.loadOlder()
    await loader.loadOlder()
    expect(loaded()).toEqual([[1, 120]])
  })

  it('fills a gap from either side', async () => {
    start(500)
    await loader.open({ ...server.room, last_read_number: 200 })
    await loader.loadLatest()
    await loader.loadGap(251, 450, 'above')
    await loader.loadGap(301, 450, 'below')
    expect(loaded()).toEqual([
      [176, 300],
      [401, 500],
    ])
    await loader.loadGap(301, 400, 'above')
    await loader.loadGap(351, 400, 'above')
    expect(loaded()).toEqual([[176, 500]])
  })

  it('goes on into a gap from below as soon as a page is shown', async () => {
    start(500)
    await loader.open({ ...server.room, last_read_number: 200 })
    await loader.loadLatest()
    let next: Promise<void> | undefined
    loader.store.subscribe(() => {
      // The reader's view asks for more while the page it was just shown still counts as loading.
      if (loaded()[1]?.[0] === 401) next ??= loader.loadGap(251, 400, 'below')
    })
    await loader.loadGap(251, 450, 'below')
    await next
    expect(loaded()[1]).toEqual([351, 500])
  })

  it('brings a page up to date that was read too early', async () => {
    start(120)
    await loader.open(server.room)
    const stale = server.messages[39]!
    const edited = server.edit(40, 'edited')
    loader.store.applyChange({ revision: edited.revision, message: edited })
    // The older page is answered as it was before the edit.
    const page = {
      history: server.history,
      items: messages(21, 70).map((item) => (item.number === 40 ? stale : item)),
      has_more: true,
      revision: 120,
    }
    const GET = vi.fn().mockResolvedValueOnce({ data: page }).mockImplementation(server.api().GET)
    loader = Object.assign(Object.create(Object.getPrototypeOf(loader)), loader, { api: { GET } })
    await loader.loadOlder()
    expect(loader.store.find(40)?.body).toBe('edited')
  })
})

describe('healing', () => {
  it('waits a moment for events that are only late', async () => {
    start(10)
    await loader.open(server.room)
    const [first, second] = [server.post(), server.post()]
    loader.store.applyChange({ revision: second.revision, message: second })
    loader.store.applyChange({ revision: first.revision, message: first })
    await vi.advanceTimersByTimeAsync(1000)
    expect(server.changesAsked).toEqual([])
  })

  it('asks for what was missed, page by page', async () => {
    start(10)
    server.pageSize = 3
    await loader.open(server.room)
    for (let at = 0; at < 7; at++) server.post()
    server.edit(2, 'edited')
    loader.store.expect(server.revision)
    await vi.advanceTimersByTimeAsync(200)
    expect(server.changesAsked).toEqual([10, 13, 16])
    expect(loaded()).toEqual([[1, 17]])
    expect(loader.store.find(2)?.body).toBe('edited')
    expect(loader.store.snapshot().catchUp).toBe('live')
  })

  it('starts again from the newest page after a giant gap', async () => {
    start(10)
    server.pageSize = 3
    await loader.open(server.room)
    for (let at = 0; at < 100; at++) server.post()
    loader.store.expect(server.revision)
    await vi.advanceTimersByTimeAsync(200)
    expect(loaded()).toEqual([[61, 110]])
    expect(loader.store.snapshot()).toMatchObject({ revision: 110, catchUp: 'live' })
  })

  it('says that it failed, keeps trying, and succeeds', async () => {
    start(10)
    await loader.open(server.room)
    server.post()
    server.failing = true
    loader.store.expect(server.revision)
    await vi.advanceTimersByTimeAsync(200)
    expect(loader.store.snapshot().catchUp).toBe('failed')
    server.failing = false
    await vi.advanceTimersByTimeAsync(1600)
    expect(loader.store.snapshot().catchUp).toBe('live')
    expect(loaded()).toEqual([[1, 11]])
  })

  it('comes back to a busy server when it was told to, and not before', async () => {
    start(10)
    await loader.open(server.room)
    server.post()
    server.busyForMs = 4000
    loader.store.expect(server.revision)
    await vi.advanceTimersByTimeAsync(200)
    expect(loader.store.snapshot().catchUp).toBe('behind')
    server.busyForMs = 0
    await vi.advanceTimersByTimeAsync(3700)
    expect(server.changesAsked).toEqual([])
    await vi.advanceTimersByTimeAsync(2500)
    expect(loaded()).toEqual([[1, 11]])
  })
})

describe('another history', () => {
  it('takes no answer of it into what is shown', async () => {
    start(10)
    await loader.open(server.room)
    server.history = 'second'
    server.post()
    loader.store.expect(11)
    await vi.advanceTimersByTimeAsync(1000)
    expect(loaded()).toEqual([[1, 10]])
  })

  it('begins anew with what is still to be sent, whatever an older question is answered', async () => {
    start(10)
    await loader.open(server.room)
    const pending = { clientKey: 'mine', body: 'not sent yet', createdAt: '2026-11-20T09:00:00.000Z', state: 'waiting' as const }
    loader.store.addPending(pending)
    loader.store.addPending({ ...pending, clientKey: 'gone', state: 'sent' })
    loader.store.expect(99)
    loader.restart()
    expect(loader.store.snapshot()).toMatchObject({ status: 'loading', segments: [], revision: 0, lastNumber: 0, pending: [pending] })
    server = new FakeRoom(4)
    Object.assign(loader, { api: server.api() })
    await loader.open(server.room)
    expect(loaded()).toEqual([[1, 4]])
    expect(loader.store.snapshot()).toMatchObject({ revision: 4, lastNumber: 4, catchUp: 'live' })
  })
})
