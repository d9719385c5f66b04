import { render, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { ProblemError } from '@/data/problem'
import { chatFixture } from '@/realtime/chat-fixture'
import Passkeys from './passkeys'
import TwoStep from './two-step'

const then = new Date(2026, 10, 20, 9).toISOString() // on that day wherever this runs
const codes = ['7k3m-x0qd-94ht-vz2p', '0000-1111-2222-3333']
const secret = { ticket: 'ticket', secret: 'JBSWY3DPEHPK3PXP', url: 'otpauth://totp/Parley:maya?secret=JBSWY3DPEHPK3PXP', expires_in: 900 }
const off = { available: true, enabled: false, recovery_codes_left: 0 }
const on = { available: true, enabled: true, enabled_at: then, recovery_codes_left: 9 }

function twoStep(state: object, post = vi.fn()) {
  const { wrapper } = chatFixture({ GET: async () => ({ data: state }), POST: post })
  render(<TwoStep />, { wrapper })
  return post
}

const wrong = (field: string) =>
  new ProblemError({ status: 400, code: 'wrong_code', errors: [{ field, code: 'wrong', detail: 'This code does not match.' }] })

describe('TwoStep', () => {
  it('is turned on with a first code, and shows the recovery codes once', async () => {
    const post = vi
      .fn()
      .mockResolvedValueOnce({ data: secret })
      .mockRejectedValueOnce(wrong('code'))
      .mockResolvedValueOnce({ data: { recovery_codes: codes } })
    twoStep(off, post)
    await userEvent.click(await screen.findByRole('button', { name: 'Turn on' }))
    expect(await screen.findByText('JBSW Y3DP EHPK 3PXP')).toBeInTheDocument()
    const code = await screen.findByRole('img', { name: 'QR code for your authenticator app' })
    expect(code.querySelector('path')?.getAttribute('d')).toMatch(/^(M\d+ \d+h1v1h-1z)+$/)
    expect(code.getAttribute('style')).toBeNull()

    await userEvent.type(screen.getByLabelText('Code from your app'), '000000')
    await userEvent.click(screen.getByRole('button', { name: 'Turn on' }))
    expect(await screen.findByText('This code does not match.')).toBeInTheDocument()
    await userEvent.clear(screen.getByLabelText('Code from your app'))
    await userEvent.type(screen.getByLabelText('Code from your app'), '123456')
    await userEvent.click(screen.getByRole('button', { name: 'Turn on' }))
    const list = await screen.findByRole('list', { name: 'Your recovery codes' })
    expect(
      within(list)
        .getAllByRole('listitem')
        .map((item) => item.textContent),
    ).toEqual(codes)
    expect(post.mock.calls.map(([path, options]) => [path, options?.body])).toEqual([
      ['/api/v1/me/two-factor/begin', undefined],
      ['/api/v1/me/two-factor/confirm', { ticket: 'ticket', code: '000000' }],
      ['/api/v1/me/two-factor/confirm', { ticket: 'ticket', code: '123456' }],
    ])
    await userEvent.click(screen.getByRole('button', { name: 'I have kept them' }))
    expect(screen.queryByText(codes[0]!)).not.toBeInTheDocument()
  })

  it('is turned off after a question', async () => {
    const post = twoStep(on, vi.fn().mockResolvedValue({}))
    expect(await screen.findByText(/On since 20 November 2026\. 9 recovery codes left\./)).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Turn off' }))
    expect(post).not.toHaveBeenCalled()
    await userEvent.click(screen.getByRole('button', { name: 'Turn off' }))
    expect(post).toHaveBeenCalledWith('/api/v1/me/two-factor/disable')
  })

  it('says when the server cannot keep a secret', async () => {
    twoStep({ ...off, available: false })
    expect(await screen.findByText('The people who run this server have not set this up.')).toBeInTheDocument()
    expect(screen.queryByRole('button')).not.toBeInTheDocument()
  })
})

const phone = { id: 3, name: 'Phone', created_at: then, synced: false }
const buffer = (text: string) => new TextEncoder().encode(text).buffer

describe('Passkeys', () => {
  it('adds one with the browser', async () => {
    vi.stubGlobal('PublicKeyCredential', function PublicKeyCredential() {})
    const create = vi.fn().mockResolvedValue({
      id: 'aWQ',
      rawId: buffer('id'),
      type: 'public-key',
      response: { clientDataJSON: buffer('{}'), attestationObject: buffer('o'), getTransports: () => ['internal'] },
      getClientExtensionResults: () => ({}),
    })
    vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { credentials: { create } }))
    const options = {
      challenge: 'AAEC',
      user: { id: 'AQ', name: 'maya', displayName: 'Maya' },
      rp: { name: 'Parley' },
      pubKeyCredParams: [],
    }
    const post = vi
      .fn()
      .mockResolvedValueOnce({ data: { ticket: 'ticket', options, expires_in: 300 } })
      .mockResolvedValueOnce({ data: phone })
    const { wrapper } = chatFixture({ GET: async () => ({ data: { items: [] } }), POST: post })
    render(<Passkeys />, { wrapper })
    await userEvent.click(await screen.findByRole('button', { name: 'Add a passkey' }))
    await userEvent.type(screen.getByLabelText('Name'), 'Phone')
    await userEvent.click(screen.getByRole('button', { name: 'Add a passkey' }))
    await waitFor(() => expect(post).toHaveBeenCalledTimes(2))
    expect([...new Uint8Array(create.mock.calls[0]![0].publicKey.challenge)]).toEqual([0, 1, 2])
    expect(post.mock.calls[1]![1].body).toMatchObject({
      ticket: 'ticket',
      name: 'Phone',
      credential: { id: 'aWQ', rawId: 'aWQ', response: { clientDataJSON: 'e30', attestationObject: 'bw', transports: ['internal'] } },
    })
    vi.unstubAllGlobals()
  })

  it('deletes one after a question', async () => {
    const remove = vi.fn().mockResolvedValue({})
    const { wrapper } = chatFixture({ GET: async () => ({ data: { items: [phone] } }), DELETE: remove })
    render(<Passkeys />, { wrapper })
    expect(await screen.findByText('Added on 20 November 2026, not used yet')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Delete Phone' }))
    expect(remove).not.toHaveBeenCalled()
    await userEvent.click(screen.getByRole('button', { name: 'Delete' }))
    expect(remove).toHaveBeenCalledWith('/api/v1/me/passkeys/{passkey_id}', { params: { path: { passkey_id: 3 } } })
  })
})
