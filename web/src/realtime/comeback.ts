import { ProblemError } from '@/data/problem'
import type { Session } from '@/data/session'
import type { ConnectionStore } from './connection-store'
import { replacedByNewer, sessionEnded, stayAway, tooManyConnections } from './port'

/** Somebody with too many tabs may close one without a word to this one. */
const crowdedMs = 60_000
/** Other tabs of theirs may be what sends too much; this one is patient. */
const hastyMs = 60_000
const againMs = 3000
const mostMs = 60_000

/**
 * What becomes of a connection that the server ended for good. A place that was replaced does not come back by itself: it would replace the next one,
 * which comes back too. One that was refused asks again now and then, one that sent too much when it may. For other reasons, finding out whether the
 * session still stands either ends it or makes coming back worth while, and less and less often.
 */
export class Comeback {
  private readonly connection: ConnectionStore
  private readonly session: Session
  private readonly connect: () => void
  private timer: ReturnType<typeof setTimeout> | undefined
  private tries = 0
  private over = false
  /** The token that the connection is open by. */
  private shown: string | undefined

  constructor(connection: ConnectionStore, session: Session, connect: () => void) {
    this.connection = connection
    this.session = session
    this.connect = connect
  }

  /** What the connection is opened by. */
  async token(): Promise<string> {
    this.shown = await this.session.accessToken()
    return this.shown
  }

  sentAway(code: number): void {
    switch (code) {
      case sessionEnded:
        if (!this.session.endedElsewhere(this.shown)) void this.unlessOver()
        return
      case replacedByNewer:
        this.connection.keepOut('replaced')
        return
      case tooManyConnections:
        this.connection.keepOut('refused')
        this.later(crowdedMs * (1 + Math.random()))
        return
      case stayAway:
        this.connection.keepOut('hasty')
        // All tabs were sent away for the same thing; together they would do it again.
        this.later(hastyMs * (1 + Math.random() / 2))
        return
      default:
        void this.unlessOver()
    }
  }

  /** The person does not want to wait. */
  now(): void {
    clearTimeout(this.timer)
    this.connect()
  }

  arrived(): void {
    clearTimeout(this.timer)
    this.tries = 0
  }

  close(): void {
    this.over = true
    clearTimeout(this.timer)
  }

  private async unlessOver(): Promise<void> {
    const pause = Math.min(againMs * 2 ** this.tries++, mostMs)
    try {
      await this.session.replace(await this.session.accessToken())
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return
    }
    this.later(pause * (1 + Math.random() / 2))
  }

  private later(pause: number): void {
    clearTimeout(this.timer)
    if (!this.over) this.timer = setTimeout(this.connect, pause)
  }
}
