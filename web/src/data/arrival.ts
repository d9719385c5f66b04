import { createStore } from 'zustand/vanilla'

/** What a trip to another place came to: the server puts it into the address that it sends the browser back to. */
export interface Arrival {
  /** The code of what went wrong. */
  problem?: string
  /** Which provider it was about. */
  provider?: string
  /** The provider that is connected now. */
  connected?: string
  /** The provider where I have proved again who I am. */
  reauthenticated?: string
}

/** The address is cleaned at once, so that a reload or a bookmark does not say it again. Anybody can write such an address: nothing in it is shown as it is. */
function read(): Arrival {
  const query = new URLSearchParams(location.search)
  const [problem, provider, connected, reauthenticated] = ['problem', 'provider', 'connected', 'reauthenticated'].map(
    (name) => query.get(name) ?? undefined,
  )
  if (problem === undefined && connected === undefined && reauthenticated === undefined) return {}
  history.replaceState(history.state, '', location.pathname)
  return { problem, provider, connected, reauthenticated }
}

export const arrivalStore = createStore<Arrival>(read)

/** It was said. */
export function forgetArrival(): void {
  arrivalStore.setState({}, true)
}
