import { createStore } from 'zustand/vanilla'
import type { components } from './api.gen'
import { tabChannel, withLock } from './cross-tab'
import { NetworkError, ProblemError, problemFrom } from './problem'
import type { Me, SessionAnswer } from './types'
import type { PasskeyChallenge } from './webauthn'

export type SessionState =
  | { status: 'starting' }
  | { status: 'unreachable' }
  | { status: 'signed-out'; expired: boolean }
  | { status: 'signed-in'; user: Me }

export type SecondFactorChallenge = components['schemas']['SecondFactorChallenge']

export interface SignUpInput {
  username: string
  password: string
  display_name?: string
  invite?: string
  email?: string
}

interface Token {
  value: string
  expiresAt: number
}

type TabMessage = { type: 'token'; answer: SessionAnswer } | { type: 'signed-out' }

/** A token this close to its end is replaced first: it must survive the request it is for. */
const marginMs = 60_000
const timeoutMs = 15_000
const refreshTimeoutMs = 4000
const traceKey = 'parley:signed-in'
const leavingKey = 'parley:signed-out-here'

/**
 * The session of this browser. The access token lives in memory only; the refresh token is a cookie that scripts cannot read.
 * Refreshing rotates that cookie, so one tab at a time does it and tells the others the new access token.
 */
export class Session {
  readonly store = createStore<SessionState>(() => ({ status: 'starting' }))
  /** The account as the latest refresh told it. It changes while one is signed in; who that is does not. */
  readonly account = createStore<{ me?: Me }>(() => ({}))
  private token: Token | undefined
  private refreshing: Promise<void> | undefined
  private leaving = false
  private life = new AbortController()
  private readonly tabs = tabChannel<TabMessage>('parley:session')

  constructor() {
    this.tabs.listen((message) => {
      if (message.type === 'signed-out') this.end(false)
      else this.adopt(message.answer)
    })
  }

  /** Finds out whether somebody is signed in. Never throws: the state says what happened. */
  async start(): Promise<void> {
    try {
      if (this.leftOpen) {
        await this.leave()
        this.end(false)
      } else await this.refresh()
    } catch {
      if (this.store.getState().status === 'starting') this.store.setState({ status: 'unreachable' }, true)
    }
  }

  /** Undefined when that was all; else what the account asks for besides. */
  async signIn(username: string, password: string): Promise<SecondFactorChallenge | undefined> {
    const answer = await post<SessionAnswer | SecondFactorChallenge>('/api/v1/auth/login', { username, password })
    if ('ticket' in answer) return answer
    this.accept(answer)
    return undefined
  }

  async signInWith(ticket: string, shown: { code?: string; recovery_code?: string }): Promise<void> {
    this.accept(await post('/api/v1/auth/login/second-factor', { ticket, ...shown }))
  }

  /** Throws PasskeyCancelled when no passkey was chosen. */
  async signInWithPasskey(): Promise<void> {
    const { getPasskey } = await import('./webauthn')
    const { ticket, options } = await post<PasskeyChallenge>('/api/v1/auth/passkeys/begin', undefined)
    this.accept(await post('/api/v1/auth/passkeys/finish', { ticket, credential: await getPasskey(options) }))
  }

  async signUp(input: SignUpInput): Promise<void> {
    this.accept(await post('/api/v1/auth/signup', input))
  }

  /**
   * Local sign-out happens even when the server cannot be told; the caller hears about it by the thrown error. The cookie, which scripts cannot remove,
   * is still there then, so the server is told at the next start, before anything else: nobody comes back in by opening the page again.
   */
  async signOut(): Promise<void> {
    // The server closes the socket before its answer is here, and the socket would ask for a token that there is none of any more.
    this.leaving = true
    this.life.abort()
    try {
      await this.leave()
    } finally {
      this.leaving = false
      this.tabs.post({ type: 'signed-out' })
      this.end(false)
    }
  }

  /** Aborted when somebody signs out or the session ends: what is on its way for them would only be refused. */
  get signal(): AbortSignal {
    return this.life.signal
  }

  /**
   * The server ended the session in which `used` was given. It need not be asked whether that is so, unless another session or a newer token has
   * taken its place meanwhile: then it tells by the next refresh. Returns whether the session is over here.
   */
  endedElsewhere(used: string | undefined): boolean {
    if (this.token && this.token.value === used) this.end(true)
    return this.store.getState().status === 'signed-out'
  }

  /** A token good for at least a minute. Throws NetworkError when it cannot be had now, ProblemError 401 when the session is over. */
  async accessToken(): Promise<string> {
    if (this.leaving || this.store.getState().status === 'signed-out') throw sessionOver()
    if (!this.token || this.token.expiresAt - Date.now() < marginMs) await this.refresh()
    if (!this.token) throw sessionOver()
    return this.token.value
  }

  /** Called when the server refused `used`: another tab or request may have replaced it meanwhile. */
  async replace(used: string): Promise<string> {
    if (this.token?.value === used) await this.refresh()
    return this.accessToken()
  }

  /** Whether somebody signed out here and the server does not know of it yet. */
  get leftOpen(): boolean {
    return read(leavingKey)
  }

  private async leave(): Promise<void> {
    note(leavingKey, true)
    await post('/api/v1/auth/logout', undefined)
    note(leavingKey, false)
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.refreshOnce().finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  private async refreshOnce(): Promise<void> {
    if (this.leaving) throw sessionOver()
    const before = this.token
    await withLock('parley:refresh', async () => {
      // While this tab waited for the lock, the tab that held it may have sent its new token.
      if (this.token !== before) return
      if (this.leaving) throw sessionOver()
      try {
        this.accept(await postRefresh())
      } catch (error) {
        if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) this.end(true)
        throw error
      }
    })
  }

  private accept(answer: SessionAnswer): void {
    note(leavingKey, false) // a new session takes the place of the one that could not be left
    this.adopt(answer)
    this.tabs.post({ type: 'token', answer })
  }

  /** Whether this browser was signed in when it was last used: a guess, good enough to load ahead by. */
  static likely(): boolean {
    return read(traceKey)
  }

  private adopt(answer: SessionAnswer): void {
    this.token = { value: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1000 }
    this.account.setState({ me: answer.user }, true)
    const state = this.store.getState()
    if (state.status === 'signed-in' && state.user.id === answer.user.id) return
    note(traceKey, true)
    if (this.life.signal.aborted) this.life = new AbortController()
    this.store.setState({ status: 'signed-in', user: answer.user }, true)
  }

  private end(expired: boolean): void {
    const wasIn = this.store.getState().status === 'signed-in'
    this.token = undefined
    this.life.abort()
    note(traceKey, false)
    this.store.setState({ status: 'signed-out', expired: expired && wasIn }, true)
  }
}

/** What a request for which there is no session (any more) is answered with, without asking the server. */
export const sessionOver = (): ProblemError => new ProblemError({ status: 401, code: 'session_over' })

/** What this browser remembers between two visits. Without storage it remembers nothing, and only waits longer. */
function note(key: string, there: boolean): void {
  try {
    if (there) localStorage.setItem(key, '1')
    else localStorage.removeItem(key)
  } catch {
    // As said.
  }
}

function read(key: string): boolean {
  try {
    return localStorage.getItem(key) !== null
  } catch {
    return false
  }
}

/**
 * The server gives the successor of a refresh token again for ten seconds; later it takes the old token for a stolen one and ends the session.
 * So an answer that is lost is asked for again at once, well within that time, and not when somebody next happens to need it.
 */
async function postRefresh(): Promise<SessionAnswer> {
  const started = performance.now()
  const refresh = async () => {
    const answer = await post<SessionAnswer | undefined>('/api/v1/auth/refresh', undefined, refreshTimeoutMs)
    // Without the cookie the server has nothing to refuse, and says so without an error.
    if (!answer) throw sessionOver()
    return answer
  }
  try {
    return await refresh()
  } catch (error) {
    if (!(error instanceof NetworkError) || performance.now() - started > 2 * refreshTimeoutMs) throw error
    return await refresh()
  }
}

/** Sends something for which nobody has to be signed in. */
export async function post<T = SessionAnswer>(path: string, body: unknown, patienceMs = timeoutMs): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'X-Parley': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    })
  } catch (error) {
    throw new NetworkError(error)
  }
  if (!response.ok) throw await problemFrom(response)
  // A 202 has something to say when a second step is asked for, and nothing when a mail is on its way.
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}
