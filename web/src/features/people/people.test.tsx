import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import type { Invite, Person, ServerRole } from '@/data/people'
import { ProblemError } from '@/data/problem'
import { chatFixture } from '@/realtime/chat-fixture'
import { Toaster } from '@/ui/toast'
import PeoplePage from './people-page'

const person = (id: number, username: string, role: ServerRole, more: Partial<Person> = {}): Person => ({
  id,
  username,
  display_name: username,
  role,
  created_at: '2026-11-20T09:00:00.000Z',
  two_factor: true,
  ...more,
})

const invite = (more: Partial<Invite> = {}): Invite => ({
  id: 3,
  role: 'member',
  state: 'active',
  note: 'for the team',
  created_at: '2026-11-20T09:00:00.000Z',
  expires_at: '2026-11-27T09:00:00.000Z',
  max_uses: 5,
  uses: 2,
  ...more,
})

function open(role: ServerRole, calls: Parameters<typeof chatFixture>[0] = {}, invites = [invite()]) {
  const people = [
    person(1, 'maya', role),
    person(2, 'theo', 'member'),
    person(3, 'ada', 'admin'),
    person(4, 'bea', 'owner'),
    person(5, 'noor', 'member', { two_factor: false }),
  ]
  const GET = async (path: string) => ({ data: { items: path.endsWith('invites') ? invites : people, has_more: false } })
  const { chat, wrapper: Wrapper } = chatFixture({ GET, ...calls })
  chat.role.setState({ now: role })
  render(
    <Wrapper>
      <PeoplePage />
      <Toaster />
    </Wrapper>,
  )
  return { chat }
}

const rowOf = async (name: string) => (await screen.findByText(name)).closest('li')!

describe('PeoplePage', () => {
  it('deactivates after asking', async () => {
    const PATCH = vi.fn().mockResolvedValue({ data: person(2, 'theo', 'member') })
    open('owner', { PATCH })
    await userEvent.click(await screen.findByRole('button', { name: 'Deactivate theo' }))
    expect(PATCH).not.toHaveBeenCalled()
    const dialog = await screen.findByRole('dialog', { name: 'Deactivate theo?' })
    await userEvent.click(within(dialog).getByRole('button', { name: 'Deactivate' }))
    expect(PATCH).toHaveBeenCalledWith('/api/v1/admin/people/{user_id}', {
      params: { path: { user_id: 2 } },
      body: { deactivated: true },
    })
    expect(await screen.findByText('theo is deactivated and signed out everywhere.')).toBeInTheDocument()
  })

  it('gives a role after asking, and says why it could not', async () => {
    const refusal = new ProblemError({ status: 409, code: 'last_owner', detail: 'A server needs an owner.' })
    open('owner', { PATCH: vi.fn().mockRejectedValue(refusal) })
    await userEvent.selectOptions(await screen.findByRole('combobox', { name: 'Role of maya' }), 'member')
    const dialog = await screen.findByRole('dialog', { name: 'Make maya a member?' })
    await userEvent.click(within(dialog).getByRole('button', { name: 'Change role' }))
    expect(await screen.findByText('A server needs an owner.')).toBeInTheDocument()
    expect(screen.getByRole('combobox', { name: 'Role of maya' })).toHaveValue('owner')
  })

  it('turns the second step of somebody off after asking, and says when there is none', async () => {
    const none = new ProblemError({ status: 409, code: 'two_factor_off', detail: 'Two-step sign-in is not on.' })
    const POST = vi.fn().mockResolvedValueOnce({}).mockRejectedValueOnce(none)
    open('owner', { POST })
    const ask = async () => {
      await userEvent.click(await screen.findByRole('button', { name: 'Reset two-step sign-in of theo' }))
      const dialog = await screen.findByRole('dialog', { name: 'Turn two-step sign-in of theo off?' })
      await userEvent.click(within(dialog).getByRole('button', { name: 'Turn off' }))
    }
    await ask()
    expect(POST).toHaveBeenCalledWith('/api/v1/admin/people/{user_id}/reset-two-factor', { params: { path: { user_id: 2 } } })
    expect(await screen.findByText('theo signs in without a code now, and is told.')).toBeInTheDocument()
    await ask()
    expect(await screen.findByText('theo has no two-step sign-in.')).toBeInTheDocument()
  })

  it('offers to turn a second step off only where there is one', async () => {
    open('owner')
    const noor = within(await rowOf('noor'))
    expect(noor.getByRole('button', { name: 'Deactivate noor' })).toBeInTheDocument()
    expect(noor.queryByRole('button', { name: 'Reset two-step sign-in of noor' })).not.toBeInTheDocument()
  })

  it('is gone from the page of who runs the server no longer', async () => {
    const { chat } = open('admin')
    expect(await screen.findByRole('button', { name: 'Deactivate theo' })).toBeInTheDocument()
    act(() => chat.role.setState({ now: 'member' }))
    expect(screen.queryByRole('button', { name: 'Deactivate theo' })).not.toBeInTheDocument()
    expect(screen.getByText('This page is for those who run the server.')).toBeInTheDocument()
  })

  it('offers an admin what an admin may', async () => {
    open('admin')
    expect(await screen.findByRole('button', { name: 'Deactivate theo' })).toBeInTheDocument()
    for (const name of ['ada', 'bea', 'maya']) {
      expect(within(await rowOf(name)).queryByRole('button')).not.toBeInTheDocument()
    }
    expect(screen.queryByRole('combobox')).not.toBeInTheDocument()
  })

  it('makes a link and shows it once', async () => {
    const POST = vi.fn().mockResolvedValue({ data: { invite: invite(), token: 'sEcReT' } })
    open('owner', { POST })
    await userEvent.click(screen.getByRole('button', { name: 'Invite people' }))
    const dialog = await screen.findByRole('dialog', { name: 'Invite people' })
    await userEvent.click(within(dialog).getByRole('radio', { name: 'Admins' }))
    await userEvent.selectOptions(within(dialog).getByRole('combobox', { name: 'How many people' }), '5')
    await userEvent.selectOptions(within(dialog).getByRole('combobox', { name: 'They land in' }), '#releases')
    await userEvent.type(within(dialog).getByRole('textbox', { name: 'Note' }), 'for the team')
    await userEvent.click(within(dialog).getByRole('button', { name: 'Make link' }))
    expect(POST).toHaveBeenCalledWith('/api/v1/admin/invites', {
      body: { role: 'admin', max_uses: 5, expires_in: 604800, room_id: 7, note: 'for the team' },
    })
    expect(await screen.findByRole('textbox', { name: 'Invite link' })).toHaveValue(`${location.origin}/join#sEcReT`)
  })

  it('does not let an admin invite admins', async () => {
    open('admin')
    await userEvent.click(screen.getByRole('button', { name: 'Invite people' }))
    await screen.findByRole('dialog', { name: 'Invite people' })
    expect(screen.queryByRole('radio')).not.toBeInTheDocument()
  })

  it('takes an invite back after asking', async () => {
    const DELETE = vi.fn().mockResolvedValue({})
    open('owner', { DELETE }, [invite(), invite({ id: 4, state: 'revoked', note: 'old' })])
    await userEvent.click(screen.getByRole('button', { name: 'Invites' }))
    expect(within(await rowOf('old')).queryByRole('button')).not.toBeInTheDocument()
    await userEvent.click(await screen.findByRole('button', { name: 'Take back: for the team' }))
    const dialog = await screen.findByRole('dialog', { name: 'Take this invite back?' })
    await userEvent.click(within(dialog).getByRole('button', { name: 'Take back' }))
    expect(DELETE).toHaveBeenCalledWith('/api/v1/admin/invites/{invite_id}', { params: { path: { invite_id: 3 } } })
  })
})
