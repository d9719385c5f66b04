import type { Message } from '../types'
import type { Segments } from './segments'
import * as runs from './segments'

/** A message of ours that the transcript shows before the room has it. */
export interface PendingMessage {
  clientKey: string
  body: string
  createdAt: string
  /** `sending` is on its way, `waiting` is tried again by itself, `failed` waits for a person, `sent` is stored and not yet in its place. */
  state: 'sending' | 'waiting' | 'failed' | 'sent'
  reason?: string
  retryAt?: number
}

/** A change of ours that is shown before the server has agreed to it. */
export type PendingChange = { kind: 'edit'; body: string } | { kind: 'delete' }

/** One durable change of the room. Changes without a message (a new topic) only move the revision. */
export interface Change {
  revision: number
  message?: Message
}

export interface TimelineSnapshot {
  status: 'empty' | 'loading' | 'ready' | 'failed'
  segments: Segments
  pending: readonly PendingMessage[]
  changes: ReadonlyMap<number, PendingChange>
  /** The newest message the room is known to have, loaded or not. */
  lastNumber: number
  /** Every change up to here has been applied to what is loaded. */
  revision: number
  catchUp: 'live' | 'behind' | 'failed'
}

const nothing: TimelineSnapshot = {
  status: 'empty',
  segments: [],
  pending: [],
  changes: new Map(),
  lastNumber: 0,
  revision: 0,
  catchUp: 'live',
}

/**
 * What is known of one room's messages. It knows neither the network nor React: pages, changes and events are applied to it in any order,
 * any number of times, and the same state comes out. Two invariants carry everything: a message never goes back to an older revision, and
 * `revision` moves forward only when every change up to it has been seen. A change that comes too early is kept until the ones before it are
 * here; `onBehind` then asks whoever owns the network to fetch them.
 */
export class TimelineStore {
  private state: TimelineSnapshot = nothing
  private readonly listeners = new Set<() => void>()
  private readonly early = new Map<number, Change>()
  private expected = 0
  private inDoubt = false
  private healing = false
  private depth = 0
  private dirty = false
  private readonly me: number
  private readonly onBehind: () => void

  constructor(me: number, onBehind: () => void = () => {}) {
    this.me = me
    this.onBehind = onBehind
  }

  snapshot = (): TimelineSnapshot => this.state

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Several changes, one notification: a burst costs one render. */
  batch(work: () => void): void {
    this.depth++
    try {
      work()
    } finally {
      this.depth--
      if (this.depth === 0 && this.dirty) this.notify()
    }
  }

  get isBehind(): boolean {
    return this.state.status === 'ready' && this.expected > this.state.revision
  }

  /** The newest message of the room is loaded, so the next one continues the transcript. */
  get reachesEnd(): boolean {
    const { segments, lastNumber } = this.state
    const tail = segments[segments.length - 1]
    return (tail ? runs.lastNumber(tail) : 0) === lastNumber
  }

  find(number: number): Message | undefined {
    return runs.find(this.state.segments, number)
  }

  startLoading(): void {
    if (this.state.status !== 'ready') this.set({ status: 'loading' })
  }

  failLoading(): void {
    if (this.state.status === 'loading') this.set({ status: 'failed' })
  }

  /**
   * Merges a page of history. The first page sets the revision. A later page that was read before changes we already know of is stale:
   * the answer says so, and the changes since the page's revision have to be applied again.
   */
  applyPage(items: readonly Message[], revision: number): { stale: boolean } {
    const first = this.state.status !== 'ready'
    this.batch(() => {
      const newest = items.length > 0 ? runs.lastNumber(items) : 0
      this.set({
        status: 'ready',
        segments: runs.insertRun(this.state.segments, items),
        lastNumber: Math.max(this.state.lastNumber, newest),
        revision: first ? revision : this.state.revision,
      })
      for (const message of items) this.settle(message)
      this.drain()
    })
    return { stale: !first && revision < this.state.revision }
  }

  /** Forgets what is loaded and starts again from the newest page: for when too much was missed to replay it. */
  reset(items: readonly Message[], revision: number): void {
    this.batch(() => {
      this.set({
        status: 'ready',
        segments: items.length > 0 ? [items] : [],
        revision,
        lastNumber: Math.max(this.state.lastNumber, items.length > 0 ? runs.lastNumber(items) : 0),
      })
      for (const message of items) this.settle(message)
      this.drain()
    })
  }

  /** Forgets everything but what is still to be sent: numbers and revisions mean something else from now on. */
  restart(): void {
    this.early.clear()
    this.expected = 0
    this.inDoubt = false
    this.healing = false
    this.set({ ...nothing, status: 'loading', pending: this.state.pending.filter((message) => message.state !== 'sent') })
  }

  /** One change, from the socket or from the answer to a request of ours. */
  applyChange(change: Change): void {
    this.batch(() => {
      const { message, revision } = change
      if (message?.author_id === this.me) this.markSent(message)
      if (this.state.status !== 'ready' || revision > this.state.revision + 1) {
        // What fits is shown at once (a message never goes back to an older revision); what does not fit yet is kept until it does.
        if (message && this.state.status === 'ready') this.upsert(message)
        this.early.set(revision, change)
        this.expect(revision)
        return
      }
      if (message) this.upsert(message)
      if (revision === this.state.revision + 1) this.set({ revision })
      this.drain()
    })
  }

  /** Everything that changed up to `revision`. Sorted by number here, so that new messages continue the transcript one by one. */
  applyChanges(items: readonly Message[], revision: number): void {
    this.batch(() => {
      for (const message of [...items].sort((a, b) => a.number - b.number)) this.upsert(message)
      if (revision > this.state.revision) this.set({ revision })
      this.drain()
    })
  }

  /** The room is known to be at this revision; if we are not, we are behind. */
  expect(revision: number): void {
    this.expected = Math.max(this.expected, revision)
    this.updateCatchUp()
  }

  /** Something may have been missed, and a busy server has not said yet whether: shown as being behind, but there is nothing to ask for. */
  doubt(inDoubt: boolean): void {
    this.inDoubt = inDoubt
    this.updateCatchUp()
  }

  noteLastNumber(number: number): void {
    if (number > this.state.lastNumber) this.set({ lastNumber: number })
  }

  failCatchUp(): void {
    if (this.isBehind) this.set({ catchUp: 'failed' })
  }

  retryCatchUp(): void {
    if (this.isBehind) this.set({ catchUp: 'behind' })
  }

  addPending(message: PendingMessage): void {
    if (this.state.pending.some((known) => known.clientKey === message.clientKey)) return
    this.set({ pending: [...this.state.pending, message] })
  }

  updatePending(clientKey: string, change: Partial<PendingMessage>): void {
    if (!this.state.pending.some((known) => known.clientKey === clientKey)) return
    this.set({ pending: this.state.pending.map((known) => (known.clientKey === clientKey ? { ...known, ...change } : known)) })
  }

  removePending(clientKey: string): void {
    const pending = this.state.pending.filter((known) => known.clientKey !== clientKey)
    if (pending.length !== this.state.pending.length) this.set({ pending })
  }

  startChange(number: number, change: PendingChange): void {
    this.set({ changes: new Map(this.state.changes).set(number, change) })
  }

  /** The server has answered: what it said, or nothing when it refused, takes the place of what was shown. */
  endChange(number: number, message?: Message): void {
    this.batch(() => {
      const changes = new Map(this.state.changes)
      changes.delete(number)
      this.set({ changes })
      if (message) this.applyChange({ revision: message.revision, message })
    })
  }

  /** Keeps the newest messages of a room that nobody looks at. */
  trim(max: number): void {
    if (runs.count(this.state.segments) > max) this.set({ segments: runs.trimOldest(this.state.segments, max) })
  }

  private upsert(message: Message): void {
    const { segments, lastNumber } = this.state
    const startsRoom = segments.length === 0 && message.number === 1
    const next = startsRoom ? [[message]] : runs.upsert(segments, message)
    if (next !== segments || message.number > lastNumber) {
      this.set({ segments: next, lastNumber: Math.max(lastNumber, message.number) })
    }
    this.settle(message)
  }

  /** Takes the changes that had come too early, as far as they now follow. */
  private drain(): void {
    for (const revision of [...this.early.keys()].sort((a, b) => a - b)) {
      if (this.state.status !== 'ready' || revision > this.state.revision + 1) break
      const change = this.early.get(revision)!
      this.early.delete(revision)
      if (change.message) this.upsert(change.message)
      if (revision === this.state.revision + 1) this.set({ revision })
    }
    this.updateCatchUp()
  }

  private markSent(message: Message): void {
    this.updatePending(message.client_key, { state: 'sent', reason: undefined, retryAt: undefined })
  }

  /** A message of ours that now stands in its place takes the optimistic row away. */
  private settle(message: Message): void {
    if (message.author_id !== this.me) return
    if (this.find(message.number)) this.removePending(message.client_key)
    else this.markSent(message)
  }

  private updateCatchUp(): void {
    if (!this.isBehind) {
      this.healing = false
      const catchUp = this.inDoubt && this.state.status === 'ready' ? 'behind' : 'live'
      if (this.state.catchUp !== catchUp) this.set({ catchUp })
    } else if (!this.healing) {
      this.healing = true
      this.set({ catchUp: 'behind' })
      this.onBehind()
    }
  }

  private set(change: Partial<TimelineSnapshot>): void {
    this.state = { ...this.state, ...change }
    this.dirty = true
    if (this.depth === 0) this.notify()
  }

  private notify(): void {
    this.dirty = false
    for (const listener of this.listeners) listener()
  }
}
