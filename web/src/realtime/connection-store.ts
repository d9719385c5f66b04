import { createStore } from 'zustand/vanilla'
import type { SocketState } from './port'

/** A connection that is away for less than this is not worth a word. */
const quietMs = 5000

/** The state of the realtime connection, and whether it has been away for long enough to say so. */
export class ConnectionStore {
  readonly store = createStore<{ state: SocketState; lost: boolean }>(() => ({ state: 'connecting', lost: false }))
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    this.watch()
  }

  set(state: SocketState): void {
    if (state === 'connected') {
      this.close()
      this.store.setState({ state, lost: false })
      return
    }
    this.store.setState({ state })
    if (this.timer === undefined) this.watch()
  }

  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private watch(): void {
    this.timer = setTimeout(() => this.store.setState({ lost: true }), quietMs)
  }
}
