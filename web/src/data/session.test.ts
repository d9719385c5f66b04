import { waitFor } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApi, data } from './api'
import { NetworkError, ProblemError } from './problem'
import { Session } from './session'

const user = { id: 1, username: 'maya', display_name: 'Maya', created_at: '2026-11-20T09:00:00.000Z' }
let tokens = 0
const fetchMock = vi.fn<typeof fetch>()

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
const session = (expiresIn = 900) => json({ access_token: `token-${++tokens}`, expires_in: expiresIn, user })
const problem = (status: number, body: object = {}) => json({ type: 'about:blank', title: 'No', status, code: 'no', ...body }, status)
const paths = () => fetchMock.mock.calls.map(([input]) => (input instanceof Request ? new URL(input.url).pathname : String(input)))
const bearers = () => fetchMock.mock.calls.flatMap(([input]) => (input instanceof Request ? [input.headers.get('authorization')] : []))

beforeEach(() => {
  tokens = 0
  fetchMock.mockReset()
  vi.stubGlobal('fetch', fetchMock)
})

afterEach(() => vi.unstubAllGlobals())

describe('starting', () => {
  it('is signed in when the cookie is good', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    expect(mine.store.getState()).toEqual({ status: 'signed-in', user })
    expect(new Headers(fetchMock.mock.calls[0]![1]!.headers).get('x-parley')).toBe('1')
    expect(Session.likely()).toBe(true)
  })

  it('is signed out, not expired, when there was no session', async () => {
    fetchMock.mockResolvedValueOnce(json(undefined, 204))
    const mine = new Session()
    await mine.start()
    expect(mine.store.getState()).toEqual({ status: 'signed-out', expired: false })
    expect(Session.likely()).toBe(false)
  })

  it('is signed out when the cookie is no good any more', async () => {
    fetchMock.mockResolvedValueOnce(problem(401))
    const mine = new Session()
    await mine.start()
    expect(mine.store.getState()).toEqual({ status: 'signed-out', expired: false })
  })

  it.each([503, 500, 429])('does not sign out because the server answers %i', async (status) => {
    fetchMock.mockResolvedValueOnce(problem(status))
    const mine = new Session()
    await mine.start()
    expect(mine.store.getState()).toEqual({ status: 'unreachable' })
  })

  it('does not sign out because the network is away', async () => {
    fetchMock.mockRejectedValueOnce(new TypeError('failed'))
    const mine = new Session()
    await mine.start()
    expect(mine.store.getState()).toEqual({ status: 'unreachable' })
  })
})

describe('refreshing', () => {
  it('asks again at once for an answer that was lost: later the old token would count as stolen', async () => {
    fetchMock.mockRejectedValueOnce(new TypeError('reset')).mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    expect(paths()).toEqual(['/api/v1/auth/refresh', '/api/v1/auth/refresh'])
    expect(mine.store.getState()).toEqual({ status: 'signed-in', user })
  })

  it('happens in one tab at a time, and the others take the token over', async () => {
    const queue: (() => Promise<void>)[] = []
    let running = Promise.resolve()
    vi.stubGlobal('navigator', {
      locks: {
        request: (_name: string, work: () => Promise<void>) => {
          running = running.then(work, work)
          queue.push(work)
          return running
        },
      },
    })
    let underway = 0
    fetchMock.mockImplementation(async () => {
      underway++
      expect(underway).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underway--
      return session()
    })
    const tabs = [new Session(), new Session(), new Session()]
    await Promise.all(tabs.map((tab) => tab.start()))
    expect(queue).toHaveLength(3)
    expect(tabs.map((tab) => tab.store.getState().status)).toEqual(['signed-in', 'signed-in', 'signed-in'])
  })
})

describe('requests', () => {
  async function signedIn(expiresIn?: number) {
    fetchMock.mockResolvedValueOnce(session(expiresIn))
    const mine = new Session()
    await mine.start()
    return { mine, api: createApi(mine) }
  }

  it('carry the token', async () => {
    const { api } = await signedIn()
    fetchMock.mockResolvedValueOnce(json(user))
    await expect(data(api.GET('/api/v1/me'))).resolves.toEqual(user)
    expect(bearers()).toEqual(['Bearer token-1'])
  })

  it('refresh once and try again after a 401, body included', async () => {
    const { api } = await signedIn()
    fetchMock
      .mockResolvedValueOnce(problem(401))
      .mockResolvedValueOnce(session())
      .mockResolvedValueOnce(json({ id: 5 }, 201))
    await data(api.POST('/api/v1/rooms', { body: { name: 'a', kind: 'public' } }))
    expect(bearers()).toEqual(['Bearer token-1', 'Bearer token-2'])
    const again = fetchMock.mock.calls.at(-1)![0] as Request
    await expect(again.json()).resolves.toEqual({ name: 'a', kind: 'public' })
  })

  it('that fail together refresh once', async () => {
    const { api } = await signedIn()
    fetchMock.mockImplementation(async (input) => {
      if (!(input instanceof Request)) return session()
      return input.headers.get('authorization') === 'Bearer token-1' ? problem(401) : json(user)
    })
    await Promise.all([data(api.GET('/api/v1/me')), data(api.GET('/api/v1/me')), data(api.GET('/api/v1/me'))])
    expect(paths().filter((path) => path.endsWith('/refresh'))).toHaveLength(2)
  })

  it('end the session when the refresh is refused', async () => {
    const { mine, api } = await signedIn()
    fetchMock.mockResolvedValueOnce(problem(401)).mockResolvedValueOnce(problem(401))
    await expect(data(api.GET('/api/v1/me'))).rejects.toBeInstanceOf(ProblemError)
    expect(mine.store.getState()).toEqual({ status: 'signed-out', expired: true })
  })

  it('replace a token that is about to end', async () => {
    const { api } = await signedIn(30)
    fetchMock.mockResolvedValueOnce(session()).mockResolvedValueOnce(json(user))
    await data(api.GET('/api/v1/me'))
    expect(bearers()).toEqual(['Bearer token-2'])
  })

  it('throw a problem with its fields and its patience', async () => {
    const { api } = await signedIn()
    fetchMock.mockResolvedValueOnce(
      problem(429, { detail: 'Slow down.', retry_after_ms: 1500, errors: [{ field: 'body', code: 'x', detail: 'Too long.' }] }),
    )
    const error = await data(api.GET('/api/v1/me')).catch((caught: ProblemError) => caught)
    expect(error).toMatchObject({ status: 429, message: 'Slow down.', retryAfterMs: 1500 })
    expect((error as ProblemError).fields.get('body')).toBe('Too long.')
  })

  it('throw a network error when nothing answers', async () => {
    const { api } = await signedIn()
    fetchMock.mockRejectedValueOnce(new TypeError('failed'))
    await expect(data(api.GET('/api/v1/me'))).rejects.toBeInstanceOf(NetworkError)
  })

  it('send a list in the query as one parameter', async () => {
    const { api } = await signedIn()
    fetchMock.mockResolvedValueOnce(json({ items: [] }))
    await data(api.GET('/api/v1/users', { params: { query: { ids: [3, 4] } } }))
    expect(new URL((fetchMock.mock.calls.at(-1)![0] as Request).url).search).toBe('?ids=3,4')
  })
})

describe('a session that the server ended', () => {
  async function signedIn() {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    return mine
  }

  it('is over without another question when it is the one that is shown', async () => {
    const mine = await signedIn()
    expect(mine.endedElsewhere('token-1')).toBe(true)
    expect(mine.store.getState()).toEqual({ status: 'signed-out', expired: true })
    await expect(mine.accessToken()).rejects.toMatchObject({ status: 401 })
    expect(paths()).toEqual(['/api/v1/auth/refresh'])
  })

  it('says nothing of a newer one in the same browser', async () => {
    const mine = await signedIn()
    expect(mine.endedElsewhere('token-of-long-ago')).toBe(false)
    expect(mine.endedElsewhere(undefined)).toBe(false)
    expect(mine.store.getState().status).toBe('signed-in')
  })
})

describe('signing out', () => {
  it('takes back what is on its way: it would be refused', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    const api = createApi(mine)
    fetchMock.mockImplementation((input) => {
      if (!(input instanceof Request)) return Promise.resolve(json(undefined, 204))
      return new Promise((_, reject) => input.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))))
    })
    const underway = data(api.GET('/api/v1/me'))
    await waitFor(() => expect(paths()).toContain('/api/v1/me'))
    const gone = mine.signOut()
    const later = data(api.GET('/api/v1/rooms'))
    await expect(underway).rejects.toMatchObject({ status: 401, code: 'session_over' })
    await expect(later).rejects.toMatchObject({ status: 401, code: 'session_over' })
    await gone
    expect(paths()).toEqual(['/api/v1/auth/refresh', '/api/v1/me', '/api/v1/auth/logout'])
  })

  it('does not keep the next who signs in from anything', async () => {
    fetchMock.mockResolvedValueOnce(session()).mockResolvedValueOnce(json(undefined, 204)).mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    await mine.signOut()
    await mine.signIn('maya', 'correct horse')
    fetchMock.mockResolvedValueOnce(json(user))
    await expect(data(createApi(mine).GET('/api/v1/me'))).resolves.toEqual(user)
  })

  it('happens here even when the server cannot be told', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    fetchMock.mockRejectedValueOnce(new TypeError('failed'))
    await expect(mine.signOut()).rejects.toBeInstanceOf(NetworkError)
    expect(mine.store.getState()).toEqual({ status: 'signed-out', expired: false })
  })

  it('is told to a server that could not be told before the page asks whether somebody is signed in', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    fetchMock.mockRejectedValueOnce(new TypeError('failed'))
    await mine.signOut().catch(() => {})

    const later = new Session()
    fetchMock.mockResolvedValueOnce(problem(503))
    await later.start()
    expect(later.store.getState()).toEqual({ status: 'unreachable' })
    fetchMock.mockResolvedValueOnce(json(null, 204))
    await later.start()
    expect(later.store.getState()).toEqual({ status: 'signed-out', expired: false })
    expect(paths().slice(1)).toEqual(['/api/v1/auth/logout', '/api/v1/auth/logout', '/api/v1/auth/logout'])

    fetchMock.mockResolvedValueOnce(session())
    const again = new Session()
    await again.start()
    expect(paths().at(-1)).toBe('/api/v1/auth/refresh')
  })

  it('is made good for by signing in', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const mine = new Session()
    await mine.start()
    fetchMock.mockRejectedValueOnce(new TypeError('failed'))
    await mine.signOut().catch(() => {})
    fetchMock.mockResolvedValueOnce(session())
    await mine.signIn('maya', 'correct horse')
    fetchMock.mockResolvedValueOnce(session())
    const later = new Session()
    await later.start()
    expect(later.store.getState()).toEqual({ status: 'signed-in', user })
  })

  it('reaches the other tabs, and so does signing in', async () => {
    fetchMock.mockResolvedValueOnce(session())
    const here = new Session()
    const there = new Session()
    await here.start()
    await waitFor(() => expect(there.store.getState()).toEqual({ status: 'signed-in', user }))
    fetchMock.mockResolvedValueOnce(json(null, 204))
    await here.signOut()
    await waitFor(() => expect(there.store.getState()).toEqual({ status: 'signed-out', expired: false }))
  })

  it('is not signed in by a password whose account asks for more', async () => {
    const challenge = { ticket: 'ticket', methods: ['totp'], expires_in: 300 }
    fetchMock.mockResolvedValueOnce(json(challenge, 202))
    const session = new Session()
    expect(await session.signIn('maya', 'correct horse')).toEqual(challenge)
    expect(session.store.getState().status).not.toBe('signed-in')
  })
})
