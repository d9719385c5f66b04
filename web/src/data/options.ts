import { useEffect } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { components } from './api.gen'

export type AuthOptions = components['schemas']['AuthOptions']

/** The ways into this server, once they have arrived. */
export const optionsStore = createStore<AuthOptions | undefined>(() => undefined)

/** What is assumed when the server does not say: it refuses what it does not offer. */
const guess: AuthOptions = { sign_up: 'open', first_account: false, password_reset: false, passkeys: false, providers: [] }

let asking = false

async function ask(): Promise<void> {
  if (asking) return
  asking = true
  try {
    const response = await fetch('/api/v1/auth/options', { signal: AbortSignal.timeout(15_000) })
    if (response.ok) optionsStore.setState((await response.json()) as AuthOptions, true)
    else optionsStore.setState((known) => known ?? guess, true)
  } catch {
    optionsStore.setState((known) => known ?? guess, true)
  } finally {
    asking = false
  }
}

/** Undefined until they are known; a page that is opened again shows what it knew while it asks anew. */
export function useAuthOptions(): AuthOptions | undefined {
  useEffect(() => void ask(), [])
  return useStore(optionsStore)
}
