import { createStore } from 'zustand/vanilla'
import { tabChannel, withLock } from './cross-tab'
import type { OutboxRow, OutboxStorage } from './database'
import { isTransient, ProblemError } from './problem'
import type { PendingMessage } from './timeline/timeline-store'
import type { Message } from './types'

export interface OutboxEvents {
  onQueued(roomId: number, message: PendingMessage): void
  onState(roomId: number, clientKey: string, change: Partial<PendingMessage>): void
  onSent(message: Message): void
  onDiscarded(roomId: number, clientKey: string): void
}

type TabMessage = { type: 'sent'; message: Message } | { type: 'refused'; roomId: number; clientKey: string; refusal: string }

export type Post = (row: OutboxRow) => Promise<Message>

const retryMs = [1000, 2000, 5000, 10_000, 20_000, 30_000]

/**
 * Messages on their way out. A row is stored before it is sent and removed after it is acknowledged, so a reload or a crash in between sends
 * it again with the same key, which the server recognises. One tab sends at a time, oldest first; a failure that may pass stops the queue and
 * is tried again, a refusal sets only its own row aside.
 */
export class Outbox {
  readonly store = createStore<{ waiting: ReadonlyMap<string, OutboxRow> }>(() => ({ waiting: new Map() }))
  private readonly tabs: ReturnType<typeof tabChannel<TabMessage>>
  private readonly stopListening: () => void
  private draining: Promise<void> | undefined
  private again = false
  private closed = false
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly userId: number
  private readonly storage: OutboxStorage
  private readonly post: Post
  private readonly events: OutboxEvents
  private stored: Promise<void> = Promise.resolve()
  /** Rows that are not in the storage yet. */
  private readonly adding = new Set<string>()

  constructor(userId: number, storage: OutboxStorage, post: Post, events: OutboxEvents) {
    this.userId = userId
    this.storage = storage
    this.post = post
    this.events = events
    this.tabs = tabChannel<TabMessage>(`parley:outbox:${userId}`)
    this.stopListening = this.tabs.listen((message) => this.heard(message))
  }

  /** What an earlier page left behind. */
  async restore(): Promise<void> {
    for (const row of await this.storage.list(this.userId).catch(() => [])) {
      if (this.store.getState().waiting.has(row.clientKey)) continue
      this.remember(row)
      this.events.onQueued(row.roomId, toPending(row))
    }
    this.kick()
  }

  pendingIn(roomId: number): PendingMessage[] {
    return [...this.store.getState().waiting.values()].filter((row) => row.roomId === roomId).map(toPending)
  }

  send(roomId: number, body: string): string {
    const row: OutboxRow = { userId: this.userId, roomId, body, clientKey: newKey(), createdAt: new Date().toISOString() }
    this.remember(row)
    this.events.onQueued(roomId, toPending(row))
    // One after the other, so that what was typed first is stored first.
    this.adding.add(row.clientKey)
    this.stored = this.stored
      .then(() => this.storage.add(row))
      .then(() => {
        this.adding.delete(row.clientKey)
        this.kick()
      })
    return row.clientKey
  }

  async retry(clientKey: string): Promise<void> {
    const row = this.store.getState().waiting.get(clientKey)
    if (!row) return
    this.remember({ ...row, refusal: undefined })
    this.events.onState(row.roomId, clientKey, { state: 'sending', reason: undefined, retryAt: undefined })
    await this.storage.update(clientKey, { refusal: undefined })
    this.kick()
  }

  async discard(clientKey: string): Promise<void> {
    const row = this.store.getState().waiting.get(clientKey)
    this.forget(clientKey)
    if (row) this.events.onDiscarded(row.roomId, clientKey)
    await this.storage.remove(clientKey)
  }

  async discardAll(): Promise<void> {
    for (const clientKey of [...this.store.getState().waiting.keys()]) await this.discard(clientKey)
  }

  /** Something may work now: a new message, a connection, a person who says so. */
  kick(): void {
    if (this.closed) return
    clearTimeout(this.timer)
    if (this.draining) {
      this.again = true
      return
    }
    this.draining = this.drain().finally(() => {
      this.draining = undefined
      if (this.again) {
        this.again = false
        this.kick()
      }
    })
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.stopListening()
    this.tabs.close()
  }

  private drain(): Promise<void> {
    return withLock(`parley:outbox:${this.userId}`, async () => {
      for (;;) {
        let rows: OutboxRow[]
        try {
          rows = await this.storage.list(this.userId)
        } catch (error) {
          return this.waitAfter(error)
        }
        this.forgetOthers(rows)
        const row = rows.find((candidate) => candidate.refusal === undefined)
        if (!row || this.closed) return
        this.remember(row)
        try {
          const message = await this.post(row)
          this.failures = 0
          await this.storage.remove(row.clientKey)
          this.sent(message)
          this.tabs.post({ type: 'sent', message })
        } catch (error) {
          if (this.closed) return
          // A session that is over ends this page's chat, and the row waits for the next one. Until it does, the refusal may pass like any other.
          if (isTransient(error) || (error instanceof ProblemError && error.status === 401)) return this.waitAfter(error)
          await this.refused(row, error)
        }
      }
    })
  }

  /** What another tab has sent or discarded is no longer waiting, also when its word did not reach this one: it was closed in between. */
  private forgetOthers(rows: readonly OutboxRow[]): void {
    const there = new Set(rows.map((row) => row.clientKey))
    for (const [clientKey, { roomId }] of this.store.getState().waiting) {
      if (there.has(clientKey) || this.adding.has(clientKey)) continue
      this.forget(clientKey)
      this.events.onDiscarded(roomId, clientKey)
    }
  }

  private waitAfter(error: unknown): void {
    const limited = error instanceof ProblemError && error.status === 429
    const asked = error instanceof ProblemError ? error.retryAfterMs : undefined
    const delay = asked ?? retryMs[Math.min(this.failures, retryMs.length - 1)]!
    this.failures++
    for (const row of this.store.getState().waiting.values()) {
      if (row.refusal !== undefined) continue
      this.events.onState(row.roomId, row.clientKey, { state: 'waiting', retryAt: limited ? Date.now() + delay : undefined })
    }
    // Jitter, so that a server that comes back is not met by everybody at once.
    this.timer = setTimeout(() => this.kick(), delay + Math.random() * 300)
  }

  private async refused(row: OutboxRow, error: unknown): Promise<void> {
    const refusal = error instanceof Error ? error.message : String(error)
    await this.storage.update(row.clientKey, { refusal })
    this.tabs.post({ type: 'refused', roomId: row.roomId, clientKey: row.clientKey, refusal })
    this.setAside(row.clientKey, row.roomId, refusal)
  }

  private setAside(clientKey: string, roomId: number, refusal: string): void {
    const row = this.store.getState().waiting.get(clientKey)
    if (row) this.remember({ ...row, refusal })
    this.events.onState(roomId, clientKey, { state: 'failed', reason: refusal, retryAt: undefined })
  }

  private sent(message: Message): void {
    this.forget(message.client_key)
    this.events.onSent(message)
  }

  private heard(message: TabMessage): void {
    if (message.type === 'sent') this.sent(message.message)
    else this.setAside(message.clientKey, message.roomId, message.refusal)
  }

  private remember(row: OutboxRow): void {
    this.store.setState({ waiting: new Map(this.store.getState().waiting).set(row.clientKey, row) })
  }

  private forget(clientKey: string): void {
    const waiting = new Map(this.store.getState().waiting)
    if (waiting.delete(clientKey)) this.store.setState({ waiting })
  }
}

function toPending(row: OutboxRow): PendingMessage {
  return {
    clientKey: row.clientKey,
    body: row.body,
    createdAt: row.createdAt,
    state: row.refusal === undefined ? 'sending' : 'failed',
    reason: row.refusal,
  }
}

/** crypto.randomUUID exists only on https and localhost; a chat on a LAN over http must be able to send too. */
function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
