import { fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { chatFixture, releases } from '@/realtime/chat-fixture'
import { Composer } from '.'

let fixture: ReturnType<typeof chatFixture>

beforeEach(() => {
  fixture = chatFixture()
  vi.spyOn(fixture.chat, 'send')
  vi.spyOn(fixture.chat, 'typed')
  vi.stubGlobal('CSS', { supports: () => true })
  render(<Composer room={releases} />, { wrapper: fixture.wrapper })
})

const field = () => screen.getByRole('textbox', { name: 'Message #releases' })
const button = () => screen.getByRole('button', { name: 'Send' })

describe('Composer', () => {
  it('sends on Enter and is empty again', async () => {
    await userEvent.type(field(), 'hello{Enter}')
    expect(fixture.chat.send).toHaveBeenCalledWith(7, 'hello')
    expect(field()).toHaveValue('')
  })

  it('starts a new line on Shift+Enter', async () => {
    await userEvent.type(field(), 'one{Shift>}{Enter}{/Shift}two')
    expect(field()).toHaveValue('one\ntwo')
    expect(fixture.chat.send).not.toHaveBeenCalled()
  })

  it('does not send while an input method composes', () => {
    fireEvent.change(field(), { target: { value: 'にほ' } })
    fireEvent.keyDown(field(), { key: 'Enter', isComposing: true })
    fireEvent.keyDown(field(), { key: 'Enter', keyCode: 229 })
    expect(fixture.chat.send).not.toHaveBeenCalled()
  })

  it.each(['', '   ', '\n\n'])('blocks %j', async (text) => {
    fireEvent.change(field(), { target: { value: text } })
    fireEvent.keyDown(field(), { key: 'Enter' })
    expect(button()).toHaveAttribute('aria-disabled', 'true')
    expect(fixture.chat.send).not.toHaveBeenCalled()
  })

  it('counts near the limit, in characters, and blocks beyond it', () => {
    fireEvent.change(field(), { target: { value: '😀'.repeat(7990) } })
    expect(screen.getByText('10 left')).toBeInTheDocument()
    expect(button()).toHaveAttribute('aria-disabled', 'false')
    fireEvent.change(field(), { target: { value: '😀'.repeat(8002) } })
    expect(screen.getByText('2 over the limit')).toBeInTheDocument()
    fireEvent.keyDown(field(), { key: 'Enter' })
    expect(fixture.chat.send).not.toHaveBeenCalled()
  })

  it('keeps the draft where a reload finds it', async () => {
    await userEvent.type(field(), 'half a thou')
    const again = chatFixture()
    expect(again.chat.drafts.get(7)).toBe('half a thou')
  })

  it('tells that I type, not that I cleared the field', async () => {
    await userEvent.type(field(), 'a')
    expect(fixture.chat.typed).toHaveBeenCalledTimes(1)
    await userEvent.clear(field())
    expect(fixture.chat.typed).toHaveBeenCalledTimes(1)
  })

  it('takes letters typed anywhere', async () => {
    field().blur()
    await userEvent.keyboard('x')
    expect(field()).toHaveFocus()
  })
})
