import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PresenceStore } from './presence-store'
import { ProblemError } from './problem'

describe('PresenceStore', () => {
  let asked: number[][]
  let answer: (ids: number[]) => Promise<readonly number[]>
  let presence: PresenceStore

  beforeEach(() => {
    vi.useFakeTimers()
    asked = []
    answer = async (ids) => ids.filter((id) => id % 2 === 0)
    presence = new PresenceStore((ids) => {
      asked.push(ids)
      return answer(ids)
    })
    presence.setConnected('connected')
  })
  afterEach(() => {
    presence.close()
    vi.useRealTimers()
  })

  const online = () => [...presence.store.getState().online]
  const settle = () => vi.advanceTimersByTimeAsync(2000)

  it('asks once for everybody who came into view', async () => {
    for (const id of [4, 3, 2, 4]) presence.show(id)
    await settle()
    expect(asked).toEqual([[2, 3, 4]])
    expect(online()).toEqual([2, 4])
  })

  it('forgets who went out of view, when the last place that shows them did', async () => {
    const first = presence.show(2)
    const second = presence.show(2)
    presence.show(4)
    await settle()
    first()
    await settle()
    expect(asked).toHaveLength(1)
    second()
    await settle()
    expect(asked).toEqual([[2, 4], [4]])
    expect(online()).toEqual([4])
  })

  it('asks no more often than it may while rows rush by', async () => {
    for (let id = 0; id < 100; id++) {
      const hide = presence.show(id)
      await vi.advanceTimersByTimeAsync(50)
      hide()
    }
    expect(asked.length).toBeLessThan(6)
  })

  it('asks for no more than one connection may watch, and rather for the last', async () => {
    for (let id = 0; id < 300; id++) presence.show(id)
    await settle()
    expect(asked[0]).toHaveLength(200)
    expect(asked[0]).toContain(299)
    expect(asked[0]).not.toContain(99)
  })

  it('takes in who came and who went', async () => {
    presence.show(2)
    presence.show(3)
    await settle()
    presence.apply([3], [2])
    expect(online()).toEqual([3])
  })

  it('asks again on a new connection, and knows nobody without one', async () => {
    presence.show(2)
    await settle()
    presence.setConnected('connecting')
    expect(online()).toEqual([2])
    presence.setConnected('connected')
    await settle()
    expect(asked).toEqual([[2], [2]])
    presence.setConnected('disconnected')
    expect(online()).toEqual([])
    presence.show(4)
    await settle()
    expect(asked).toHaveLength(2)
  })

  it('shows nobody as here when it was not told for long', async () => {
    presence.show(2)
    await settle()
    presence.setConnected('connecting')
    presence.forget()
    expect(online()).toEqual([])
    presence.setConnected('connected')
    await settle()
    expect(online()).toEqual([2])
  })

  it('asks for the same people when it is doubted, and says when no answer came', async () => {
    presence.show(2)
    await settle()
    answer = async () => []
    await presence.check()
    expect(asked).toEqual([[2], [2]])
    expect(online()).toEqual([])
    answer = () => Promise.reject(new Error('timeout'))
    await expect(presence.check()).rejects.toThrow('timeout')
  })

  it('waits as long as it is told to before it asks again', async () => {
    answer = () => Promise.reject(new ProblemError({ status: 429, code: 'rate_limited', retry_after_ms: 30_000 }))
    presence.show(2)
    await vi.advanceTimersByTimeAsync(29_000)
    expect(asked).toHaveLength(1)
    answer = async () => [2]
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked).toHaveLength(2)
    expect(online()).toEqual([2])
  })
})
