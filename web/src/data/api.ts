import createClient, { type Client } from 'openapi-fetch'
import type { paths } from './api.gen'
import { NetworkError, problemFrom } from './problem'
import { type Session, sessionOver } from './session'

export type Api = Client<paths>

const timeoutMs = 20_000

/**
 * The typed HTTP client. Every request carries the access token; a 401 is answered once with a fresh one.
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
  const token = await session.accessToken()
  const life = session.signal
  const again = request.clone()
  let response = await authorised(request, token, life)
  if (response.status === 401) response = await authorised(again, await session.replace(token), life)
  if (!response.ok) throw await problemFrom(response)
  return response
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
