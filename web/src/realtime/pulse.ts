import { ProblemError } from '@/data/problem'
import type { SocketState } from './port'

interface Parts {
  state(): SocketState
  /** Something that the server answers at once if it is there; rejects when no answer came. */
  ask(): Promise<unknown>
  reconnect(): void
}

/**
 * Finds out whether a connection that looks alive is. A socket whose other end has vanished says nothing, and its missing ping is noticed half a
 * minute later: for so long the page would say that all is well, and show nothing new.
 */
export class Pulse {
  private readonly parts: Parts
  private asking = false

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Something took too long, or came to nothing. */
  async doubt(): Promise<void> {
    if (this.asking || this.parts.state() !== 'connected') return
    this.asking = true
    try {
      await this.parts.ask()
    } catch (error) {
      // A refusal is an answer. One that ended with its connection has been noticed already.
      if (!(error instanceof ProblemError) && this.parts.state() === 'connected') this.parts.reconnect()
    } finally {
      this.asking = false
    }
  }

  /** The page slept. Who was waiting for the next try need not go on waiting: it was for a network that is another one now. */
  woke(): void {
    if (this.parts.state() === 'connecting') this.parts.reconnect()
    else void this.doubt()
  }
}
