import { render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { optionsStore } from '@/data/options'
import { RecoveryPages } from './recovery-pages'

const asked = vi.fn<(path: string, body: unknown) => Response>()

beforeEach(() => {
  asked.mockReset()
  optionsStore.setState(undefined, true)
  offer(true)
  history.replaceState(null, '', '/')
})

function offer(password_reset: boolean) {
  const options = { sign_up: 'open', first_account: false, password_reset, passkeys: false, providers: [] }
  vi.stubGlobal('fetch', (path: string, init?: RequestInit) =>
    Promise.resolve(path.endsWith('/options') ? Response.json(options) : asked(path, JSON.parse(String(init?.body)))),
  )
}

const problem = (status: number, code: string, errors: unknown[] = []) =>
  Response.json({ status, code, detail: 'No.', errors }, { status, headers: { 'content-type': 'application/problem+json' } })

describe('ForgotPage', () => {
  it('says the same whoever was asked for', async () => {
    asked.mockReturnValue(new Response(null, { status: 202 }))
    render(<RecoveryPages path="/forgot" />)
    await userEvent.type(screen.getByRole('textbox', { name: 'Username or e-mail address' }), ' maya ')
    await userEvent.click(screen.getByRole('button', { name: 'Send the link' }))
    expect(await screen.findByRole('heading', { name: 'Look in your mailbox.' })).toBeInTheDocument()
    expect(asked).toHaveBeenCalledWith('/api/v1/auth/password-reset', { login: 'maya' })
    expect(screen.getByText(/If there is such an account/)).toBeInTheDocument()
  })

  it('sends people to their host where no mail is sent', async () => {
    offer(false)
    render(<RecoveryPages path="/forgot" />)
    expect(await screen.findByText(/people who run this server can give you/)).toBeInTheDocument()
    expect(screen.queryByRole('textbox')).not.toBeInTheDocument()
  })

  it('says when it was asked too often', async () => {
    asked.mockReturnValue(problem(429, 'rate_limited'))
    render(<RecoveryPages path="/forgot" />)
    await userEvent.type(screen.getByRole('textbox'), 'maya')
    await userEvent.click(screen.getByRole('button', { name: 'Send the link' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('No.')
  })
})

describe('ResetPage', () => {
  const open = async (password: string) => {
    history.replaceState(null, '', '/reset#the-token')
    render(<RecoveryPages path="/reset" />)
    await userEvent.type(screen.getByLabelText('Password'), password)
    await userEvent.click(screen.getByRole('button', { name: 'Save the password' }))
  }

  it('takes the token out of the address and sends it with the password', async () => {
    asked.mockReturnValue(new Response(null, { status: 204 }))
    await open('a wholly new phrase')
    expect(await screen.findByRole('heading', { name: 'Your password is changed.' })).toBeInTheDocument()
    expect(asked).toHaveBeenCalledWith('/api/v1/auth/password-reset/confirm', { token: 'the-token', password: 'a wholly new phrase' })
    expect(location.href).not.toContain('token')
    expect(screen.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/')
  })

  it('puts what is wrong beside the password, and can be tried again', async () => {
    asked.mockReturnValueOnce(problem(400, 'invalid', [{ field: 'password', code: 'common', detail: 'Many people use this.' }]))
    await open('password1234')
    expect(await screen.findByText('Many people use this.')).toBeInTheDocument()
    asked.mockReturnValueOnce(new Response(null, { status: 204 }))
    await userEvent.click(screen.getByRole('button', { name: 'Save the password' }))
    expect(await screen.findByRole('heading', { name: 'Your password is changed.' })).toBeInTheDocument()
  })

  it.each([
    ['used', '/reset#used'],
    ['missing', '/reset'],
  ])('offers another link when this one is %s', async (_, address) => {
    asked.mockReturnValue(problem(400, 'ticket_over'))
    history.replaceState(null, '', address)
    render(<RecoveryPages path="/reset" />)
    if (address !== '/reset') {
      await userEvent.type(screen.getByLabelText('Password'), 'a wholly new phrase')
      await userEvent.click(screen.getByRole('button', { name: 'Save the password' }))
    }
    expect(await screen.findByRole('heading', { name: 'This link does not work any more.' })).toBeInTheDocument()
    expect(screen.getByRole('link', { name: 'Ask for another link' })).toHaveAttribute('href', '/forgot')
  })

  it('takes another link that is pasted into the same tab', async () => {
    asked.mockReturnValue(problem(400, 'ticket_over'))
    await open('a wholly new phrase')
    await screen.findByRole('heading', { name: 'This link does not work any more.' })
    location.hash = '#newer'
    await screen.findByRole('heading', { name: 'Choose a new password.' })
    await waitFor(() => expect(location.href).not.toContain('newer'))
  })
})

describe('VerifyPage', () => {
  const open = async () => {
    history.replaceState(null, '', '/verify#the-token')
    render(<RecoveryPages path="/verify" />)
    await userEvent.click(screen.getByRole('button', { name: 'Confirm the address' }))
  }

  it('does nothing until a person says so', async () => {
    history.replaceState(null, '', '/verify#the-token')
    render(<RecoveryPages path="/verify" />)
    expect(await screen.findByRole('button', { name: 'Confirm the address' })).toBeInTheDocument()
    expect(asked).not.toHaveBeenCalled()
  })

  it('confirms', async () => {
    asked.mockReturnValue(new Response(null, { status: 204 }))
    await open()
    expect(await screen.findByRole('heading', { name: 'Your address is confirmed.' })).toBeInTheDocument()
    expect(asked).toHaveBeenCalledWith('/api/v1/auth/email/confirm', { token: 'the-token' })
  })

  it('says that the address is somebody else\u2019s by now', async () => {
    asked.mockReturnValue(problem(409, 'email_taken'))
    await open()
    expect(await screen.findByText(/one of another account/)).toBeInTheDocument()
  })
})
