import { createStore } from 'zustand/vanilla'
import { ProblemError } from './problem'

/** Asks the server to tell of these people from now on, and of nobody else; answers who of them is online. */
export type Watch = (ids: number[]) => Promise<readonly number[]>

/** As many as one connection may watch. */
const most = 200
/** What scrolls by is not asked for: rows come and go in bursts. */
const settleMs = 300
/** The server allows one question a second for long; scrolling stays below. */
const restMs = 1500
const retryMs = 5000

/**
 * Who of the people on the screen is online. Rows say whom they show while they are seen; the server is asked for all of them together, and
 * tells of changes.
 */
export class PresenceStore {
  readonly store = createStore<{ online: ReadonlySet<number> }>(() => ({ online: new Set() }))
  private readonly shown = new Map<number, number>()
  private readonly watch: Watch
  private watched = ''
  private connected = false
  private busy = false
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(watch: Watch) {
    this.watch = watch
  }

  /** Somebody came into view; the returned function says that they went. */
  show(id: number): () => void {
    const count = this.shown.get(id) ?? 0
    this.shown.delete(id) // whoever came last is last, and the last are asked for
    this.shown.set(id, count + 1)
    this.schedule(settleMs)
    return () => {
      const left = (this.shown.get(id) ?? 1) - 1
      if (left > 0) this.shown.set(id, left)
      else this.shown.delete(id)
      this.schedule(settleMs)
    }
  }

  /** A new connection watches nobody yet. What was known stays until it answers, but not when there will be no connection. */
  setConnected(state: 'connecting' | 'connected' | 'disconnected'): void {
    this.connected = state === 'connected'
    this.watched = ''
    if (state === 'connected') this.schedule(settleMs)
    if (state === 'disconnected') this.set([])
  }

  /** Nobody has told for too long who is here: nobody is shown as here, until somebody tells. */
  forget(): void {
    this.set([])
  }

  /** Asks again, though nobody came into view or went. Rejects when there was no answer. */
  async check(): Promise<void> {
    this.set(await this.watch(this.wanted()))
  }

  apply(online: readonly number[], offline: readonly number[]): void {
    const gone = new Set(offline)
    this.set([...[...this.store.getState().online].filter((id) => !gone.has(id)), ...online])
  }

  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.connected = false
  }

  private schedule(delay: number): void {
    if (this.timer !== undefined || this.busy || !this.connected) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      void this.ask()
    }, delay)
  }

  private async ask(): Promise<void> {
    const ids = this.wanted()
    const wanted = ids.join()
    if (wanted === this.watched) return
    this.busy = true
    let pause = restMs
    try {
      this.watched = wanted
      this.set(await this.watch(ids))
    } catch (error) {
      this.watched = ''
      pause = error instanceof ProblemError ? Math.max(error.retryAfterMs ?? 0, retryMs) : retryMs
    } finally {
      this.busy = false
      this.schedule(pause)
    }
  }

  private wanted(): number[] {
    return [...this.shown.keys()].slice(-most).sort((a, b) => a - b)
  }

  private set(ids: Iterable<number>): void {
    const online = new Set(ids)
    const before = this.store.getState().online
    if (online.size === before.size && [...online].every((id) => before.has(id))) return
    this.store.setState({ online })
  }
}
