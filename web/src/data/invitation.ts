import { useEffect, useState } from 'react'
import type { components } from './api.gen'
import { NetworkError, type ProblemError, problemFrom } from './problem'

export type Invitation = components['schemas']['Invitation']

export type InvitationState =
  | { status: 'asking' }
  | { status: 'good'; invitation: Invitation }
  | { status: 'refused'; problem: ProblemError }
  | { status: 'unreachable' }

/** Who invites, and where to; or why the link makes no account any more. */
export function useInvitation(token: string): InvitationState {
  const [state, setState] = useState<InvitationState>({ status: 'asking' })
  useEffect(() => {
    let over = false
    look(token).then(
      (next) => !over && setState(next),
      () => !over && setState({ status: 'unreachable' }),
    )
    return () => {
      over = true
    }
  }, [token])
  return state
}

async function look(token: string): Promise<InvitationState> {
  const response = await fetch('/api/v1/auth/invite', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(15_000),
  }).catch((error: unknown) => {
    throw new NetworkError(error)
  })
  if (!response.ok) return { status: 'refused', problem: await problemFrom(response) }
  return { status: 'good', invitation: (await response.json()) as Invitation }
}
