import createClient, { type Client } from 'openapi-fetch'
import type { paths } from './api.gen'
import { NetworkError, problemFrom } from './problem'
import { askForProof } from './proof'
import { type Session, sessionOver } from './session'

export type Api = Client<paths>

const timeoutMs = 20_000

/**
 * The typed HTTP client. Every request carries the access token; a 401 is answered once with a fresh one.
 * What needs a fresh proof of who asks is done after the person has given one.
 * Whatever is not a success is thrown, as ProblemError or NetworkError, so that callers read the happy path.
 */
export function createApi(session: Session): Api {
  return createClient<paths>({
    baseUrl: location.origin,
    fetch: (request) => send(session, request),
    // As the contract says for lists in the query: one parameter, commas between.
    querySerializer: { array: { style: 'form', explode: false } },
  })
}

async function send(session: Session, request: Request): Promise<Response> {
  // Whoever signs in after this one does not finish what this one began.
  const life = session.signal
  for (;;) {
    const response = await attempt(session, request.clone(), life)
    if (response.ok) return response
    const problem = await problemFrom(response)
    if (!problem.proof || !(await askForProof(problem.proof))) throw problem
  }
}

async function attempt(session: Session, request: Request, life: AbortSignal): Promise<Response> {
  const token = await session.accessToken()
  const again = request.clone()
  const response = await authorised(request, token, life)
  return response.status === 401 ? authorised(again, await session.replace(token), life) : response
}

async function authorised(request: Request, token: string, life: AbortSignal): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('Authorization', `Bearer ${token}`)
  const signal = AbortSignal.any([request.signal, life, AbortSignal.timeout(timeoutMs)])
  try {
    return await fetch(new Request(request, { headers, signal }))
  } catch (error) {
    if (request.signal.aborted) throw error
    if (life.aborted) throw sessionOver()
    throw new NetworkError(error)
  }
}

/** Unwraps an answer. The client throws on every failure, so `data` is there whenever the contract promises a body. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>
}
