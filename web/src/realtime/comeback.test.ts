import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProblemError } from '@/data/problem'
import { Session } from '@/data/session'
import { Comeback } from './comeback'
import { ConnectionStore } from './connection-store'

describe('Comeback', () => {
  const connect = vi.fn()
  let connection: ConnectionStore
  let comeback: Comeback
  let session: Session

  beforeEach(() => {
    vi.useFakeTimers()
    connect.mockReset()
    connection = new ConnectionStore()
    session = new Session()
    vi.spyOn(session, 'accessToken').mockResolvedValue('token')
    vi.spyOn(session, 'replace').mockResolvedValue('another')
    comeback = new Comeback(connection, session, connect)
  })
  afterEach(() => {
    comeback.close()
    connection.close()
    vi.useRealTimers()
  })

  const keptOut = () => connection.store.getState().keptOut

  it('says why, and comes back after a while, when too much was sent', async () => {
    comeback.sentAway(4529)
    expect(keptOut()).toBe('hasty')
    await vi.advanceTimersByTimeAsync(59_000)
    expect(connect).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(32_000)
    expect(connect).toHaveBeenCalledOnce()
    expect(session.replace).not.toHaveBeenCalled()
  })

  it('comes back at once when the person says so, and not a second time', async () => {
    comeback.sentAway(4529)
    comeback.now()
    expect(connect).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(connect).toHaveBeenCalledOnce()
  })

  it('does not fight for its place', async () => {
    comeback.sentAway(4541)
    expect(keptOut()).toBe('replaced')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(connect).not.toHaveBeenCalled()
  })

  it('comes back less and less often to a server that sends it away for what nobody knows', async () => {
    const at: number[] = []
    const began = Date.now()
    connect.mockImplementation(() => {
      at.push(Date.now() - began)
      comeback.sentAway(3501)
    })
    comeback.sentAway(3501)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(at[0]).toBeLessThan(5000)
    expect(at.length).toBeGreaterThan(6)
    expect(at.length).toBeLessThan(16)
    expect(keptOut()).toBeUndefined()
  })

  it('begins anew after it was let in', async () => {
    for (let i = 0; i < 5; i++) {
      comeback.sentAway(3501)
      await vi.advanceTimersByTimeAsync(100_000)
    }
    comeback.arrived()
    connect.mockReset()
    comeback.sentAway(3501)
    await vi.advanceTimersByTimeAsync(5000)
    expect(connect).toHaveBeenCalledOnce()
  })

  it('believes the server that the session has ended, if it is the one that the connection was opened by', async () => {
    const ended = vi.spyOn(session, 'endedElsewhere').mockReturnValue(true)
    await comeback.token()
    comeback.sentAway(3550)
    expect(ended).toHaveBeenCalledWith('token')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(session.replace).not.toHaveBeenCalled()
    ended.mockReturnValue(false)
    comeback.sentAway(3550)
    await vi.advanceTimersByTimeAsync(5000)
    expect(connect).toHaveBeenCalledOnce()
  })

  it('stays away when the session is over', async () => {
    vi.mocked(session.replace).mockRejectedValue(new ProblemError({ status: 401, code: 'session_over' }))
    comeback.sentAway(3501)
    await vi.advanceTimersByTimeAsync(600_000)
    expect(connect).not.toHaveBeenCalled()
  })
})
