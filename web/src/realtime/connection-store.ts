import { createStore } from 'zustand/vanilla'
import type { SocketState } from './port'

/** A connection that is away for less than this is not worth a word. */
const quietMs = 5000

/** Why the server keeps this place out: there are too many, a newer one took its turn, or it sent too much and may come back later. */
export type KeptOut = 'refused' | 'replaced' | 'hasty'

interface State {
  state: SocketState
  lost: boolean
  /** Stays until the connection stands again, so that what is said of it does not flicker while it is tried. */
  keptOut: KeptOut | undefined
}

/** The state of the realtime connection, and whether it has been away for long enough to say so. */
export class ConnectionStore {
  readonly store = createStore<State>(() => ({ state: 'connecting', lost: false, keptOut: undefined }))
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    this.watch()
  }

  get state(): SocketState {
    return this.store.getState().state
  }

  set(state: SocketState): void {
    if (state === 'connected') {
      this.close()
      this.store.setState({ state, lost: false, keptOut: undefined })
      return
    }
    this.store.setState({ state })
    if (this.timer === undefined) this.watch()
  }

  keepOut(keptOut: KeptOut): void {
    this.store.setState({ keptOut })
  }

  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private watch(): void {
    this.timer = setTimeout(() => this.store.setState({ lost: true }), quietMs)
  }
}
