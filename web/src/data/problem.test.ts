import { describe, expect, it } from 'vitest'
import { NetworkError, ProblemError, retryDelay } from './problem'

describe('retryDelay', () => {
  it('is another one each time', () => {
    expect(retryDelay(new NetworkError(), 1000, () => 0)).toBe(500)
    expect(retryDelay(new NetworkError(), 1000, () => 1)).toBe(1500)
  })

  it('keeps to the time that the server gave', () => {
    const busy = new ProblemError({ status: 503, retry_after_ms: 4000 })
    expect(retryDelay(busy, 1000, () => 0)).toBe(4000)
    expect(retryDelay(busy, 1000, () => 1)).toBe(6000)
  })
})
