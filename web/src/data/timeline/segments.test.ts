import { describe, expect, it } from 'vitest'
import type { Segments } from './segments'
import { count, find, insertRun, trimOldest, upsert } from './segments'
import { message, messages } from './testing'

const ranges = (segments: Segments) => segments.map((segment) => `${segment[0]!.number}-${segment.at(-1)!.number}`)

describe('insertRun', () => {
  it('keeps runs that do not touch apart, in order', () => {
    const segments = insertRun(insertRun([], messages(20, 25)), messages(1, 5))
    expect(ranges(segments)).toEqual(['1-5', '20-25'])
  })

  it('joins a run that touches, on either side', () => {
    expect(ranges(insertRun([messages(5, 9)], messages(10, 12)))).toEqual(['5-12'])
    expect(ranges(insertRun([messages(5, 9)], messages(1, 4)))).toEqual(['1-9'])
  })

  it('closes a gap that the run fills or overlaps', () => {
    expect(ranges(insertRun([messages(1, 5), messages(9, 12)], messages(6, 8)))).toEqual(['1-12'])
    expect(ranges(insertRun([messages(1, 5), messages(9, 12)], messages(3, 10)))).toEqual(['1-12'])
  })

  it('never replaces a newer state by an older one', () => {
    const edited = message(2, { revision: 40, body: 'edited' })
    const segments = insertRun([[message(1), edited]], messages(1, 4))
    expect(find(segments, 2)?.body).toBe('edited')
    expect(find(insertRun([messages(1, 3)], [edited]), 2)?.body).toBe('edited')
  })

  it('takes nothing from an empty page', () => {
    const segments = [messages(1, 2)]
    expect(insertRun(segments, [])).toBe(segments)
  })
})

describe('upsert', () => {
  it('continues the run that ends right before', () => {
    expect(ranges(upsert([messages(1, 3)], message(4)))).toEqual(['1-4'])
    expect(ranges(upsert([messages(1, 3), messages(5, 6)], message(4)))).toEqual(['1-6'])
  })

  it('leaves alone what is not loaded', () => {
    const segments = [messages(10, 12)]
    expect(upsert(segments, message(14))).toBe(segments)
    expect(upsert(segments, message(9))).toBe(segments)
  })

  it('gives back the same segments when nothing is new', () => {
    const segments = [messages(1, 3)]
    expect(upsert(segments, message(2))).toBe(segments)
    expect(upsert(segments, message(2, { revision: 1, body: 'late' }))).toBe(segments)
  })
})

describe('trimOldest', () => {
  it('keeps the newest across gaps', () => {
    const segments = trimOldest([messages(1, 5), messages(10, 14)], 7)
    expect(ranges(segments)).toEqual(['4-5', '10-14'])
    expect(count(segments)).toBe(7)
    expect(ranges(trimOldest(segments, 3))).toEqual(['12-14'])
  })
})
