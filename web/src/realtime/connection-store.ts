import { createStore } from 'zustand/vanilla'
import { replacedByNewer, type SocketState, tooManyConnections } from './port'

/** A connection that is away for less than this is not worth a word. */
const quietMs = 5000

/** Why the server keeps this place out: there are too many, or a newer one took its turn. */
export type Crowded = 'refused' | 'replaced'

export function crowdedBy(code: number): Crowded | undefined {
  if (code === tooManyConnections) return 'refused'
  return code === replacedByNewer ? 'replaced' : undefined
}

interface State {
  state: SocketState
  lost: boolean
  /** Stays until the connection stands again, so that what is said of it does not flicker while it is tried. */
  crowded: Crowded | undefined
}

/** The state of the realtime connection, and whether it has been away for long enough to say so. */
export class ConnectionStore {
  readonly store = createStore<State>(() => ({ state: 'connecting', lost: false, crowded: undefined }))
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    this.watch()
  }

  set(state: SocketState): void {
    if (state === 'connected') {
      this.close()
      this.store.setState({ state, lost: false, crowded: undefined })
      return
    }
    this.store.setState({ state })
    if (this.timer === undefined) this.watch()
  }

  crowd(crowded: Crowded): void {
    this.store.setState({ crowded })
  }

  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }

  private watch(): void {
    this.timer = setTimeout(() => this.store.setState({ lost: true }), quietMs)
  }
}
