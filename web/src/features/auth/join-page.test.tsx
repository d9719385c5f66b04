import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AuthOptions, optionsStore } from '@/data/options'
import type { Session } from '@/data/session'
import { JoinPage, SignUpPage } from '.'

const expires_at = '2026-11-27T09:00:00.000Z'

function open(answer: () => Promise<Response>, signUp = vi.fn().mockResolvedValue(undefined)) {
  const fetch = vi.fn(answer)
  vi.stubGlobal('fetch', fetch)
  render(<JoinPage session={{ signUp } as unknown as Session} />)
  return { fetch, signUp }
}

beforeEach(() => history.replaceState(null, '', '/join#sEcReT'))
afterEach(() => history.replaceState(null, '', '/'))

describe('JoinPage', () => {
  it('says who invites and where to, and makes the account', async () => {
    const { fetch, signUp } = open(async () => Response.json({ role: 'member', expires_at, invited_by: 'Maya', room: 'hall' }))
    expect(await screen.findByText(/Maya invites you to #hall/)).toBeInTheDocument()
    // The secret is in the body, not in the address; what else the page asks for may come before it.
    const calls = fetch.mock.calls as unknown as [string, RequestInit][]
    const [, request] = calls.find(([address]) => address === '/api/v1/auth/invite')!
    expect(request.body).toBe('{"token":"sEcReT"}')
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'theo')
    await userEvent.type(screen.getByLabelText('Password'), 'correct horse')
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }))
    expect(signUp).toHaveBeenCalledWith({ username: 'theo', password: 'correct horse', display_name: undefined, invite: 'sEcReT' })
    expect(location.pathname + location.hash).toBe('/')
  })

  it.each([
    ['invite_spent', 410, 'used as often'],
    ['invite_expired', 410, 'has expired'],
    ['invite_revoked', 410, 'taken back'],
    ['invite_not_found', 404, 'no such invite'],
  ])('says what became of it: %s', async (code, status, text) => {
    open(async () => Response.json({ status, code }, { status }))
    expect(await screen.findByText(new RegExp(text))).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Create account' })).not.toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Sign in instead' })).toBeInTheDocument()
  })

  it('makes the first account by the setup link', async () => {
    open(async () => Response.json({ role: 'owner', expires_at }))
    expect(await screen.findByText('This server is yours.')).toBeInTheDocument()
  })

  it('says when nothing answers', async () => {
    open(() => Promise.reject(new TypeError('offline')))
    expect(await screen.findByText(/Can't reach the server/)).toBeInTheDocument()
  })
})

describe('SignUpPage', () => {
  const ways: AuthOptions = { sign_up: 'open', first_account: false, password_reset: false, passkeys: false, providers: [] }
  it.each([
    [{ sign_up: 'invite' }, 'by invitation'],
    [{ sign_up: 'closed' }, 'no new accounts'],
    [{ sign_up: 'invite', first_account: true }, 'setup link'],
  ] as const)('has no form where none is needed: %o', async (options, text) => {
    optionsStore.setState({ ...ways, ...options }, true)
    vi.stubGlobal('fetch', async () => Response.json({ ...ways, ...options }))
    render(<SignUpPage session={{} as Session} />)
    expect(await screen.findByText(new RegExp(text))).toBeInTheDocument()
    expect(screen.queryByRole('textbox')).not.toBeInTheDocument()
  })

  it('tells whoever is first that the server is theirs', async () => {
    optionsStore.setState({ ...ways, first_account: true }, true)
    vi.stubGlobal('fetch', async () => Response.json({ ...ways, first_account: true }))
    render(<SignUpPage session={{} as Session} />)
    expect(await screen.findByText('This server is yours.')).toBeInTheDocument()
    expect(screen.getByRole('textbox', { name: 'Username' })).toBeInTheDocument()
  })
})
