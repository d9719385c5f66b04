import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ProblemError } from '@/data/problem'
import type { SocketState } from './port'
import { Pulse } from './pulse'

describe('Pulse', () => {
  let state: SocketState
  const ask = vi.fn<() => Promise<unknown>>()
  const reconnect = vi.fn()
  let pulse: Pulse

  beforeEach(() => {
    state = 'connected'
    ask.mockReset().mockResolvedValue(undefined)
    reconnect.mockReset()
    pulse = new Pulse({ state: () => state, ask, reconnect })
  })

  it('lets a connection be that answers, be it with a refusal', async () => {
    await pulse.doubt()
    ask.mockRejectedValue(new ProblemError({ status: 429, code: 'rate_limited' }))
    await pulse.doubt()
    expect(ask).toHaveBeenCalledTimes(2)
    expect(reconnect).not.toHaveBeenCalled()
  })

  it('replaces one that does not answer', async () => {
    ask.mockRejectedValue({ code: 1, message: 'timeout' })
    await pulse.doubt()
    expect(reconnect).toHaveBeenCalledOnce()
  })

  it('asks once at a time', async () => {
    let answer = (_: unknown) => {}
    ask.mockReturnValue(new Promise((resolve) => (answer = resolve)))
    const first = pulse.doubt()
    await pulse.doubt()
    expect(ask).toHaveBeenCalledOnce()
    answer(undefined)
    await first
    await pulse.doubt()
    expect(ask).toHaveBeenCalledTimes(2)
  })

  it('leaves alone what was noticed meanwhile', async () => {
    ask.mockImplementation(async () => {
      state = 'connecting'
      throw { code: 11, message: 'connection closed' }
    })
    await pulse.doubt()
    expect(reconnect).not.toHaveBeenCalled()
  })

  it('goes on at once when it wakes between two tries, and only then', async () => {
    state = 'connecting'
    await pulse.doubt()
    expect(reconnect).not.toHaveBeenCalled()
    pulse.woke()
    expect(reconnect).toHaveBeenCalledOnce()
    state = 'disconnected' // the server keeps this place out
    pulse.woke()
    expect(reconnect).toHaveBeenCalledOnce()
    expect(ask).not.toHaveBeenCalled()
  })
})
