import type { Api } from '../api'
import { data } from '../api'
import { isTransient, NetworkError, ProblemError, retryDelay } from '../problem'
import type { Message, Room } from '../types'
import * as runs from './segments'
import { TimelineStore } from './timeline-store'

const pageSize = 50
const changesSize = 500
/** Missing more changes than this, replaying them costs more than starting from the newest page. */
const maxChangePages = 4
/**
 * Events overtake each other by a few milliseconds; asking at once would ask for what is already on its way. Everybody in the room sees the same
 * gap at the same moment: up to as long again by chance.
 */
const settleMs = 90
const retryMs = [1000, 2000, 5000, 10_000, 30_000]

export interface LoaderEvents {
  onRoom(room: Room): void
  onAuthors(ids: Iterable<number>): void
  /** Whether an answer is of the history that is shown. One of another is thrown away, and everything begins anew. */
  belongs(history: string): boolean
}

/** The answer came after its question had lost its meaning; what is to be asked then is asked by others. */
class OtherHistory extends NetworkError {}

/** Moves one room's history from the server into its TimelineStore: pages, and whatever was missed. */
export class TimelineLoader {
  readonly store: TimelineStore
  private readonly roomId: number
  private readonly api: Api
  private readonly events: LoaderEvents
  private readonly running = new Map<string, Promise<void>>()
  private healTimer: ReturnType<typeof setTimeout> | undefined
  private failures = 0

  constructor(roomId: number, me: number, api: Api, events: LoaderEvents) {
    this.roomId = roomId
    this.api = api
    this.events = events
    this.store = new TimelineStore(me, () => this.scheduleHeal(settleMs * (1 + Math.random())))
  }

  /** The first load: around the first unread message if there are many, else the newest page. */
  open(room: Room | undefined): Promise<void> {
    if (this.store.snapshot().status === 'ready') return Promise.resolve()
    return this.once('open', async () => {
      this.store.startLoading()
      try {
        if (room) this.store.noteLastNumber(room.last_number)
        const lastRead = room?.last_read_number ?? 0
        const unread = room ? room.last_number - lastRead : 0
        if (lastRead > 0 && unread > pageSize - 10) await this.loadAround(lastRead)
        else await this.page({ limit: pageSize })
        if (room) this.store.expect(room.revision)
      } catch (error) {
        this.store.failLoading()
        if (!isTransient(error) && !(error instanceof ProblemError)) throw error
      }
    })
  }

  loadOlder(): Promise<void> {
    const head = this.store.snapshot().segments[0]
    if (!head || runs.firstNumber(head) === 1) return Promise.resolve()
    return this.once('older', () => this.page({ before: runs.firstNumber(head), limit: pageSize }))
  }

  /** Fills a gap from one of its ends: from below when the reader scrolls up into it. */
  loadGap(from: number, to: number, side: 'above' | 'below'): Promise<void> {
    return this.once(`gap:${from}-${to}`, () =>
      this.page(side === 'above' ? { after: from - 1, limit: pageSize } : { before: to + 1, limit: pageSize }),
    )
  }

  /** Makes the end of the room loaded, for "Jump to latest" and before sending into a room that is read far above. */
  loadLatest(): Promise<void> {
    if (this.store.reachesEnd) return Promise.resolve()
    return this.once('latest', () => this.page({ limit: pageSize }))
  }

  /** Fetches what was missed, unless that is already happening. */
  heal(): Promise<void> {
    clearTimeout(this.healTimer)
    return this.once('heal', async () => {
      this.store.retryCatchUp()
      try {
        while (this.store.isBehind) {
          const before = this.store.snapshot().revision
          await this.catchUp(before)
          if (this.store.snapshot().revision === before) break
        }
        this.failures = 0
      } catch (error) {
        // A busy server that says when to come back is still being caught up with; there is nothing for a person to do.
        if (!(error instanceof ProblemError && error.retryAfterMs)) this.store.failCatchUp()
        if (isTransient(error)) this.scheduleHeal(retryDelay(error, retryMs[Math.min(this.failures++, retryMs.length - 1)]!))
        else if (!(error instanceof ProblemError)) throw error
      }
    })
  }

  dispose(): void {
    clearTimeout(this.healTimer)
  }

  /** Another history: nothing that is loaded, or on its way, is of it. The room list tells when to open the room again. */
  restart(): void {
    clearTimeout(this.healTimer)
    this.running.clear()
    this.failures = 0
    this.store.restart()
  }

  private scheduleHeal(delay: number): void {
    clearTimeout(this.healTimer)
    this.healTimer = setTimeout(() => {
      if (this.store.isBehind) void this.heal()
    }, delay)
  }

  private async catchUp(since: number): Promise<void> {
    const items: Message[] = []
    let revision = since
    for (let page = 0; page < maxChangePages; page++) {
      const answer = await this.changes(revision)
      items.push(...answer.items)
      revision = answer.revision
      if (!answer.has_more) {
        this.events.onRoom(answer.room)
        this.events.onAuthors(items.map((message) => message.author_id))
        this.store.batch(() => {
          this.store.applyChanges(items, revision)
          this.store.noteLastNumber(answer.room.last_number)
        })
        return
      }
    }
    const newest = await this.messages({ limit: pageSize })
    this.store.reset(newest.items, newest.revision)
  }

  private async loadAround(lastRead: number): Promise<void> {
    const [above, below] = await Promise.all([
      this.messages({ before: lastRead + 1, limit: pageSize / 2 }),
      this.messages({ after: lastRead, limit: pageSize }),
    ])
    // The older of the two answers counts: what changed between them is then asked for, never skipped.
    const revision = Math.min(above.revision, below.revision)
    this.store.batch(() => {
      this.store.applyPage([...above.items, ...below.items], revision)
      this.store.expect(Math.max(above.revision, below.revision))
    })
  }

  private async page(query: { before?: number; after?: number; limit: number }): Promise<void> {
    const page = await this.messages(query)
    const { stale } = this.store.applyPage(page.items, page.revision)
    this.store.expect(page.revision)
    if (stale) await this.replay(page.revision)
  }

  /** Brings a page that was read too early up to date. The room's own revision is not touched: the page was older, not the room. */
  private async replay(since: number): Promise<void> {
    for (let from = since, more = true; more; ) {
      const answer = await this.changes(from)
      this.store.applyChanges(answer.items, 0)
      more = answer.has_more && answer.revision > from
      from = answer.revision
    }
  }

  private async messages(query: { before?: number; after?: number; limit: number }) {
    const page = await data(this.api.GET('/api/v1/rooms/{room_id}/messages', { params: { path: { room_id: this.roomId }, query } }))
    if (!this.events.belongs(page.history)) throw new OtherHistory()
    this.events.onAuthors(page.items.map((message) => message.author_id))
    return page
  }

  private async changes(since: number) {
    const params = { path: { room_id: this.roomId }, query: { since, limit: changesSize } }
    const page = await data(this.api.GET('/api/v1/rooms/{room_id}/changes', { params }))
    if (!this.events.belongs(page.history)) throw new OtherHistory()
    return page
  }

  private once(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.running.get(key)
    if (running) return running
    const started = work().finally(() => {
      if (this.running.get(key) === started) this.running.delete(key)
    })
    this.running.set(key, started)
    return started
  }
}
