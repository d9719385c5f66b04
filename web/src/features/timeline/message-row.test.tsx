import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ProblemError } from '@/data/problem'
import { me, message, other } from '@/data/timeline/testing'
import type { PendingChange } from '@/data/timeline/timeline-store'
import type { Message } from '@/data/types'
import { chatFixture } from '@/realtime/chat-fixture'
import { Toaster } from '@/ui/toast'
import { editingStore, editLastOwn } from './editing-store'
import { MessageRow } from './message-row'
import { PendingRow } from './pending-row'

function show(
  item: Message,
  options: { owner?: boolean; editing?: boolean; change?: PendingChange; fixture?: ReturnType<typeof chatFixture> } = {},
) {
  const fixture = options.fixture ?? chatFixture()
  render(
    <>
      <MessageRow
        message={item}
        change={options.change}
        grouped={false}
        roomId={7}
        owner={options.owner ?? false}
        editing={options.editing ?? false}
      />
      <Toaster />
    </>,
    { wrapper: fixture.wrapper },
  )
  return fixture.chat
}

const row = () => screen.getByRole('article')

describe('MessageRow', () => {
  it('is an article named by author and time, and can be found by id, number and key', () => {
    show(message(4, { author_id: other }))
    expect(row()).toHaveAccessibleName(/^Theo Lindqvist, \d\d:\d\d$/)
    expect(row()).toHaveAttribute('data-message-id', '1004')
    expect(row()).toHaveAttribute('data-number', '4')
    expect(row()).toHaveAttribute('data-client-key', 'key-4')
    expect(row().querySelector('[data-body]')).toHaveTextContent('message 4')
  })

  it("offers on another's message only what a member may do", async () => {
    show(message(4, { author_id: other }))
    await userEvent.hover(row())
    expect(screen.getByRole('button', { name: 'Copy text' })).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Edit message' })).toBeNull()
    expect(screen.queryByRole('button', { name: 'Delete message' })).toBeNull()
  })

  it('lets an owner delete, not edit', async () => {
    show(message(4, { author_id: other }), { owner: true })
    await userEvent.hover(row())
    expect(screen.getByRole('button', { name: 'Delete message' })).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: 'Edit message' })).toBeNull()
  })

  it('keeps its toolbar while the focus moves into it', async () => {
    show(message(4, { author_id: me }))
    act(() => row().focus())
    await userEvent.tab()
    expect(screen.getByRole('button', { name: 'Copy text' })).toHaveFocus()
    await userEvent.tab()
    await userEvent.keyboard('{Enter}')
    expect(editingStore.getState().editing).toEqual({ roomId: 7, number: 4 })
  })

  it('asks before it deletes', async () => {
    const chat = show(message(4, { author_id: me }))
    const remove = vi.spyOn(chat, 'delete').mockResolvedValue()
    await userEvent.hover(row())
    await userEvent.click(screen.getByRole('button', { name: 'Delete message' }))
    const question = await screen.findByRole('dialog', { name: 'Delete this message?' })
    expect(remove).not.toHaveBeenCalled()
    await userEvent.click(within(question).getByRole('button', { name: 'Delete' }))
    expect(remove).toHaveBeenCalledWith(7, 4)
  })

  it('says why an edit was taken back', async () => {
    const chat = show(message(4, { author_id: me }), { editing: true })
    vi.spyOn(chat, 'edit').mockRejectedValue(new ProblemError({ status: 403, code: 'forbidden', detail: 'You may not edit this.' }))
    await userEvent.type(screen.getByRole('textbox', { name: 'Edit message' }), ' more{Enter}')
    expect(chat.edit).toHaveBeenCalledWith(7, 4, 'message 4 more')
    expect(await screen.findByText("Couldn't save your edit: you may not edit this.")).toBeInTheDocument()
  })

  it('leaves an edit by Esc without sending', async () => {
    const chat = show(message(4, { author_id: me }), { editing: true })
    const edit = vi.spyOn(chat, 'edit')
    editingStore.setState({ editing: { roomId: 7, number: 4 } })
    await userEvent.type(screen.getByRole('textbox', { name: 'Edit message' }), ' more{Escape}')
    expect(editingStore.getState().editing).toBeUndefined()
    expect(edit).not.toHaveBeenCalled()
  })

  it('shows an edit before it is stored, and that it was edited', () => {
    show(message(4, { author_id: me }), { change: { kind: 'edit', body: 'better' } })
    expect(row().querySelector('[data-body]')).toHaveTextContent(/^better$/)
    expect(row()).toHaveTextContent('(edited)')
  })

  it.each([
    ['stored', { deleted_at: '2026-11-20T09:10:00.000Z', body: '' }, undefined],
    ['on its way', {}, { kind: 'delete' } as const],
  ])('leaves a tombstone when the delete is %s', async (_, change, pending) => {
    show(message(4, { author_id: me, ...change }), { change: pending })
    expect(row()).toHaveTextContent('This message was deleted.')
    await userEvent.hover(row())
    expect(screen.queryByRole('toolbar')).toBeNull()
  })
})

describe('PendingRow', () => {
  const pending = { clientKey: 'a', body: 'hello', createdAt: '2026-11-20T09:00:00.000Z' }

  it('offers to retry or delete what was refused, with the reason', async () => {
    const fixture = chatFixture()
    const retry = vi.spyOn(fixture.chat.outbox, 'retry').mockResolvedValue()
    const discard = vi.spyOn(fixture.chat.outbox, 'discard').mockResolvedValue()
    render(<PendingRow pending={{ ...pending, state: 'failed', reason: 'You may not post here.' }} grouped={false} />, fixture)
    expect(screen.getByRole('alert')).toHaveTextContent("Couldn't send: you may not post here.")
    await userEvent.click(screen.getByRole('button', { name: 'Retry' }))
    await userEvent.click(screen.getByRole('button', { name: 'Delete' }))
    expect(retry).toHaveBeenCalledWith('a')
    expect(discard).toHaveBeenCalledWith('a')
  })

  it('counts down to the next try', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    render(<PendingRow pending={{ ...pending, state: 'waiting', retryAt: Date.now() + 3000 }} grouped={false} />, chatFixture())
    expect(screen.getByText('That was fast. Sending again in 3 s')).toBeInTheDocument()
    act(() => void vi.advanceTimersByTime(1000))
    expect(screen.getByText('That was fast. Sending again in 2 s')).toBeInTheDocument()
  })
})

describe('editLastOwn', () => {
  it('finds what I said last and did not delete', () => {
    const { chat } = chatFixture()
    const deleted = message(3, { author_id: me, deleted_at: '2026-11-20T09:10:00.000Z' })
    act(() => void chat.timelines.of(7).store.applyPage([message(1, { author_id: me }), message(2), deleted], 3))
    expect(editLastOwn(chat, 7)).toBe(true)
    expect(editingStore.getState().editing).toEqual({ roomId: 7, number: 1 })
  })

  it('leaves the key alone when there is nothing of mine', () => {
    expect(editLastOwn(chatFixture().chat, 7)).toBe(false)
  })
})
