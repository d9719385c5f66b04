import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { onWake } from './wake'

describe('onWake', () => {
  const woke = vi.fn()
  let stop: () => void
  let network: EventTarget & { type: string }

  /** Time goes by on the clock on the wall, and nothing runs. */
  const sleep = (ms: number) => vi.setSystemTime(Date.now() + ms)
  const show = (state: 'visible' | 'hidden') => {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
    document.dispatchEvent(new Event('visibilitychange'))
  }

  beforeEach(() => {
    vi.useFakeTimers()
    network = Object.assign(new EventTarget(), { type: 'wifi' })
    vi.stubGlobal('navigator', { connection: network })
    stop = onWake(woke)
  })
  afterEach(() => {
    stop()
    woke.mockClear()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('says nothing while all goes its way', () => {
    vi.advanceTimersByTime(600_000)
    show('hidden')
    vi.advanceTimersByTime(5000)
    show('visible')
    network.dispatchEvent(new Event('change'))
    expect(woke).not.toHaveBeenCalled()
  })

  it('notices that the machine slept', () => {
    vi.advanceTimersByTime(7000)
    sleep(3_600_000)
    vi.advanceTimersByTime(5000)
    expect(woke).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(60_000)
    expect(woke).toHaveBeenCalledOnce()
  })

  it('notices a page that is seen again, and leaves one alone that is not', () => {
    show('hidden')
    vi.advanceTimersByTime(7000)
    sleep(60_000)
    vi.advanceTimersByTime(5000)
    expect(woke).not.toHaveBeenCalled()
    show('visible')
    expect(woke).toHaveBeenCalledOnce()
  })

  it('notices a page that was frozen', () => {
    document.dispatchEvent(new Event('resume'))
    expect(woke).toHaveBeenCalledOnce()
  })

  it('notices another network, not another speed', () => {
    network.type = 'cellular'
    network.dispatchEvent(new Event('change'))
    network.dispatchEvent(new Event('change'))
    expect(woke).toHaveBeenCalledOnce()
  })

  it('is silent when it is stopped', () => {
    stop()
    sleep(3_600_000)
    vi.advanceTimersByTime(10_000)
    document.dispatchEvent(new Event('resume'))
    network.type = 'cellular'
    network.dispatchEvent(new Event('change'))
    expect(woke).not.toHaveBeenCalled()
  })
})
