import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { arrivalStore } from '@/data/arrival'
import { type AuthOptions, optionsStore } from '@/data/options'
import { NetworkError, ProblemError } from '@/data/problem'
import type { Session } from '@/data/session'
import { PasskeyCancelled } from '@/data/webauthn'
import { SignInPage, SignUpPage } from '.'

const session = (methods: Partial<Record<'signIn' | 'signInWith' | 'signInWithPasskey' | 'signUp', ReturnType<typeof vi.fn>>>) =>
  methods as unknown as Session

const offer = (options: Partial<AuthOptions>) =>
  vi.stubGlobal('fetch', () =>
    Promise.resolve(
      Response.json({ sign_up: 'open', first_account: false, password_reset: false, passkeys: false, providers: [], ...options }),
    ),
  )

beforeEach(() => {
  optionsStore.setState(undefined, true)
  offer({})
})

async function signIn(signIn: ReturnType<typeof vi.fn>) {
  render(<SignInPage session={session({ signIn })} expired={false} />)
  await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), ' maya ')
  await userEvent.type(screen.getByLabelText('Password'), 'correct horse')
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
}

describe('SignInPage', () => {
  it('signs in', async () => {
    const request = vi.fn().mockResolvedValue(undefined)
    await signIn(request)
    expect(request).toHaveBeenCalledWith('maya', 'correct horse')
  })

  it('does not say which half was wrong', async () => {
    await signIn(vi.fn().mockRejectedValue(new ProblemError({ status: 401, code: 'wrong_credentials', detail: 'No such user.' })))
    expect(await screen.findByRole('alert')).toHaveTextContent("That username and password don't match.")
  })

  it('says when nothing answers, and can be tried again', async () => {
    const request = vi.fn().mockRejectedValueOnce(new NetworkError()).mockResolvedValueOnce(undefined)
    await signIn(request)
    expect(await screen.findByRole('alert')).toHaveTextContent("Can't reach the server.")
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(request).toHaveBeenCalledTimes(2)
  })

  it('says that the session ended', () => {
    render(<SignInPage session={session({})} expired />)
    expect(screen.getByRole('alert')).toHaveTextContent('your drafts are safe')
  })

  it('offers an account where anybody may have one', async () => {
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByRole('link', { name: 'Create an account' })).toBeInTheDocument()
  })

  it.each([
    ['invite', 'by invitation'],
    ['closed', 'no new accounts'],
  ] as const)('says instead why there is none: %s', async (sign_up, reason) => {
    offer({ sign_up })
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByText(new RegExp(reason))).toBeInTheDocument()
    expect(screen.queryByRole('link', { name: 'Create an account' })).not.toBeInTheDocument()
  })

  it('offers an account when the server does not say', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')))
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByRole('link', { name: 'Create an account' })).toBeVisible()
  })

  it('leads to other places that can say who somebody is', async () => {
    offer({ providers: [{ id: 'corp', name: 'The Company' }] })
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByRole('link', { name: 'Continue with The Company' })).toHaveAttribute('href', '/auth/oidc/corp/start')
  })

  it('says what came of a trip to one of them, in words of its own', async () => {
    offer({ providers: [{ id: 'corp', name: 'The Company' }] })
    arrivalStore.setState({ problem: 'provider_denied', provider: 'corp' }, true)
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByText(/not signed in by The Company/)).toHaveRole('alert')
    expect(arrivalStore.getState()).toEqual({})
  })

  it('shows nothing of a problem that it does not know', async () => {
    arrivalStore.setState({ problem: 'Call 555 now', provider: 'Evil' }, true)
    render(<SignInPage session={session({})} expired={false} />)
    expect(await screen.findByRole('alert')).toHaveTextContent('Signing in through the provider failed. Try again.')
  })

  it('shows the password to its writer', async () => {
    render(<SignInPage session={session({})} expired={false} />)
    await userEvent.click(screen.getByRole('button', { name: 'Show password' }))
    expect(screen.getByRole('textbox', { name: 'Password' })).toBeInTheDocument()
  })
})

describe('the second step', () => {
  const challenge = { ticket: 'ticket', methods: ['totp', 'recovery_code'], expires_in: 300 }

  async function reach(signInWith: ReturnType<typeof vi.fn>) {
    const both = session({ signIn: vi.fn().mockResolvedValue(challenge), signInWith })
    render(<SignInPage session={both} expired={false} />)
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'maya')
    await userEvent.type(screen.getByLabelText('Password'), 'correct horse')
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    await screen.findByRole('heading', { name: 'One more step.' })
  }

  it('takes a code, and says what is wrong with it', async () => {
    const fault = { field: 'code', code: 'used', detail: 'This code was used already.' }
    const signInWith = vi
      .fn()
      .mockRejectedValueOnce(new ProblemError({ status: 400, code: 'wrong_code', errors: [fault] }))
      .mockResolvedValueOnce(undefined)
    await reach(signInWith)
    await userEvent.type(screen.getByLabelText('Code from your app'), '123456')
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(await screen.findByText('This code was used already.')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Use a recovery code' }))
    await userEvent.type(screen.getByLabelText('Recovery code'), '7k3m-x0qd-94ht-vz2p')
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(signInWith.mock.calls).toEqual([
      ['ticket', { code: '123456' }],
      ['ticket', { recovery_code: '7k3m-x0qd-94ht-vz2p' }],
    ])
  })

  it('goes back to the password when the time is up', async () => {
    await reach(vi.fn().mockRejectedValue(new ProblemError({ status: 400, code: 'ticket_over' })))
    await userEvent.type(screen.getByLabelText('Code from your app'), '123456')
    await userEvent.click(screen.getByRole('button', { name: 'Sign in' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('That took too long')
    expect(screen.getByLabelText('Password')).toBeInTheDocument()
  })
})

describe('the passkey button', () => {
  beforeEach(() => {
    offer({ passkeys: true })
    vi.stubGlobal('PublicKeyCredential', function PublicKeyCredential() {})
  })

  it('signs in', async () => {
    const signInWithPasskey = vi.fn().mockRejectedValueOnce(new PasskeyCancelled()).mockResolvedValueOnce(undefined)
    render(<SignInPage session={session({ signInWithPasskey })} expired={false} />)
    await userEvent.click(await screen.findByRole('button', { name: 'Sign in with a passkey' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('No passkey was used.')
    await userEvent.click(screen.getByRole('button', { name: 'Sign in with a passkey' }))
    expect(signInWithPasskey).toHaveBeenCalledTimes(2)
  })

  it('is not there where the browser has no passkeys', async () => {
    vi.stubGlobal('PublicKeyCredential', undefined)
    render(<SignInPage session={session({})} expired={false} />)
    await screen.findByRole('link', { name: 'Create an account' })
    expect(screen.queryByRole('button', { name: 'Sign in with a passkey' })).not.toBeInTheDocument()
  })
})

describe('SignUpPage', () => {
  it('puts what is wrong beside its field', async () => {
    const fault = { field: 'username', code: 'taken', detail: 'This username is taken.' }
    const signUp = vi.fn().mockRejectedValue(new ProblemError({ status: 409, code: 'username_taken', errors: [fault] }))
    render(<SignUpPage session={session({ signUp })} />)
    await userEvent.type(screen.getByRole('textbox', { name: 'Username' }), 'maya')
    await userEvent.type(screen.getByLabelText('Password'), 'correct horse')
    await userEvent.click(screen.getByRole('button', { name: 'Create account' }))
    expect(await screen.findByText('This username is taken.')).toBeInTheDocument()
    expect(screen.getByRole('textbox', { name: 'Username' })).toHaveAccessibleDescription('This username is taken.')
    expect(signUp).toHaveBeenCalledWith({ username: 'maya', password: 'correct horse', display_name: undefined })
  })
})
