import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { lazy, Suspense, useState } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createApi } from '@/data/api'
import { ProblemError } from '@/data/problem'
import { askForProof, type ProofWays, proofStore } from '@/data/proof'
import { Session } from '@/data/session'
import { chatFixture } from '@/realtime/chat-fixture'
import { Companion, CompanionContext } from '@/ui/overlays/companion'
import { Reauthenticate } from '.'

const Dialog = lazy(() => import('@/ui/overlays').then((overlays) => ({ default: overlays.Dialog })))

const ways: ProofWays = { password: true, second_factor: false, passkey: false, providers: [] }
const fault = (field: string, detail: string) =>
  new ProblemError({ status: 400, code: 'invalid', errors: [{ field, code: 'wrong', detail }] })

function page(post = vi.fn().mockResolvedValue({})) {
  const { wrapper: Wrapper } = chatFixture({ POST: post })
  render(
    <Wrapper>
      <CompanionContext value={<Reauthenticate />}>
        <WithDialog />
        <Companion ofPage />
      </CompanionContext>
    </Wrapper>,
  )
  return post
}

function WithDialog() {
  const [open, setOpen] = useState(false)
  return (
    <Suspense>
      <button type="button" onClick={() => setOpen(true)}>
        Open
      </button>
      {open && (
        <Dialog title="Your account" closeLabel="Close" onClose={() => setOpen(false)}>
          <p>Inside</p>
        </Dialog>
      )}
    </Suspense>
  )
}

afterEach(() => {
  act(() => proofStore.getState().wanted?.settle(false))
  vi.unstubAllGlobals()
})

const ask = (more: Partial<ProofWays> = {}) => {
  let answer: Promise<boolean> | undefined
  act(() => {
    answer = askForProof({ ...ways, ...more })
  })
  return answer!
}

describe('Reauthenticate', () => {
  it('asks for the password, says what was wrong with it, and lets go on what waits', async () => {
    const post = page(vi.fn().mockRejectedValueOnce(fault('current_password', 'This is not your current password.')).mockResolvedValue({}))
    const answer = ask()
    await userEvent.type(await screen.findByLabelText('Your password'), 'wrong')
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }))
    expect(await screen.findByText('This is not your current password.')).toBeInTheDocument()
    await userEvent.type(screen.getByLabelText('Your password'), ' horse')
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }))
    expect(await answer).toBe(true)
    expect(post.mock.calls).toEqual(
      ['wrong', 'wrong horse'].map((current_password) => ['/api/v1/me/reauthenticate', { body: { current_password } }]),
    )
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument()
  })

  it('asks for a code too where there is a second step', async () => {
    const post = page()
    const answer = ask({ second_factor: true })
    await userEvent.type(await screen.findByLabelText('Your password'), 'correct horse')
    await userEvent.type(screen.getByLabelText('Code from your app'), '123456')
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }))
    expect(await answer).toBe(true)
    expect(post).toHaveBeenCalledWith('/api/v1/me/reauthenticate', { body: { current_password: 'correct horse', code: '123456' } })
  })

  it('gives up what waits when it is closed', async () => {
    page()
    const [first, second] = [ask(), ask()]
    await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
    expect(await Promise.all([first, second])).toEqual([false, false])
  })

  it('stands above an open dialog, which stays', async () => {
    page()
    await userEvent.click(screen.getByRole('button', { name: 'Open' }))
    expect(await screen.findByRole('dialog', { name: 'Your account' })).toBeInTheDocument()
    const answer = ask()
    await userEvent.type(await screen.findByLabelText('Your password'), 'correct horse')
    expect(screen.getAllByLabelText('Your password')).toHaveLength(1)
    await userEvent.click(screen.getByRole('button', { name: 'Continue' }))
    expect(await answer).toBe(true)
    expect(screen.getByText('Inside')).toBeInTheDocument()
  })

  it('says what to do where there is nothing to ask for', async () => {
    page()
    ask({ password: false })
    expect(await screen.findByText('There is no way to ask you here. Sign out and in again, and repeat it.')).toBeInTheDocument()
  })

  it('signs in at a provider in a window of its own, which says when it is done', async () => {
    const there = { location: { replace: vi.fn() }, close: vi.fn() }
    vi.stubGlobal('open', () => there)
    const post = page(vi.fn().mockResolvedValue({ data: { location: 'https://id.example/authorize' } }))
    const answer = ask({ password: false, providers: ['corp'] })
    await userEvent.click(await screen.findByRole('button', { name: /Sign in again at/ }))
    expect(await screen.findByText(/in the window that has opened/)).toBeInTheDocument()
    expect(there.location.replace).toHaveBeenCalledWith('https://id.example/authorize')
    expect(post).toHaveBeenCalledWith('/api/v1/me/reauthenticate/provider', { body: { provider_id: 'corp' } })
    const other = new BroadcastChannel('parley:proof')
    other.postMessage('proven')
    expect(await answer).toBe(true)
    other.close()
  })
})

describe('an operation that needs a proof', () => {
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
  const needed = () => json(403, { status: 403, code: 'reauthentication_needed', title: 'Forbidden', reauthentication: ways })

  function api(...answers: Response[]) {
    const session = new Session()
    vi.spyOn(session, 'accessToken').mockResolvedValue('token')
    const bodies: string[] = []
    vi.stubGlobal('fetch', async (request: Request) => {
      bodies.push(await request.text())
      return answers.shift()!
    })
    return { api: createApi(session), bodies }
  }

  it('is repeated as it was after the proof', async () => {
    const { api: calls, bodies } = api(needed(), json(202, {}))
    const done = calls.PUT('/api/v1/me/email', { body: { email: 'maya@x.org' } })
    await waitFor(() => expect(proofStore.getState().wanted).toBeDefined())
    proofStore.getState().wanted!.settle(true)
    await done
    expect(bodies).toEqual(['{"email":"maya@x.org"}', '{"email":"maya@x.org"}'])
  })

  it('is refused when nobody proves anything', async () => {
    const { api: calls, bodies } = api(needed())
    const done = calls.PUT('/api/v1/me/email', { body: { email: 'maya@x.org' } })
    await waitFor(() => expect(proofStore.getState().wanted).toBeDefined())
    proofStore.getState().wanted!.settle(false)
    await expect(done).rejects.toMatchObject({ code: 'reauthentication_needed' })
    expect(bodies).toHaveLength(1)
  })

  it('asks nothing of who may not do it anyway', async () => {
    const { api: calls } = api(json(403, { status: 403, code: 'forbidden', title: 'Forbidden' }))
    await expect(calls.PUT('/api/v1/me/email', { body: { email: 'maya@x.org' } })).rejects.toMatchObject({ code: 'forbidden' })
    expect(proofStore.getState().wanted).toBeUndefined()
  })
})
