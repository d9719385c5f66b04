import { createStore } from 'zustand/vanilla'
import type { components } from './api.gen'
import { tabChannel } from './cross-tab'

/** How the account can prove again whose it is. */
export type ProofWays = components['schemas']['Reauthentication']

interface Wanted {
  ways: ProofWays
  /** What waits is done after a proof, and given up without one. */
  settle(proven: boolean): void
}

/** The question whether it is still the same person, while it is open. */
export const proofStore = createStore<{ wanted?: Wanted }>(() => ({}))

let asking: Promise<boolean> | undefined

/** Asks once, however many operations wait for the answer. */
export function askForProof(ways: ProofWays): Promise<boolean> {
  asking ??= new Promise<boolean>((resolve) => {
    const settle = (proven: boolean) => {
      asking = undefined
      proofStore.setState({}, true)
      resolve(proven)
    }
    proofStore.setState({ wanted: { ways, settle } }, true)
  })
  return asking
}

/** A window that comes back from a provider says so to the one that waits. */
export const provenElsewhere = () => tabChannel<'proven'>('parley:proof')
