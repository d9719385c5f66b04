import type { Message } from '../types'

/** A contiguous run of messages: numbers rise by one. Never empty. */
export type Segment = readonly Message[]

/** Runs in order, never touching or overlapping. What lies between two of them is a gap: messages that exist and are not loaded. */
export type Segments = readonly Segment[]

export const firstNumber = (segment: Segment): number => segment[0]!.number
export const lastNumber = (segment: Segment): number => segment[segment.length - 1]!.number

export function find(segments: Segments, number: number): Message | undefined {
  for (const segment of segments) {
    const offset = number - firstNumber(segment)
    if (offset >= 0 && offset < segment.length) return segment[offset]
  }
  return undefined
}

/** The newer of two states of one message. Revisions decide, so applying the same change twice, or late, changes nothing. */
export const newer = (known: Message, next: Message): Message => (next.revision > known.revision ? next : known)

/** Merges a contiguous run, such as a page, joining whatever it overlaps or touches. */
export function insertRun(segments: Segments, run: Segment): Segments {
  if (run.length === 0) return segments
  const before: Segment[] = []
  const after: Segment[] = []
  let merged = run
  for (const segment of segments) {
    if (lastNumber(segment) + 1 < firstNumber(merged)) before.push(segment)
    else if (lastNumber(merged) + 1 < firstNumber(segment)) after.push(segment)
    else merged = join(segment, merged)
  }
  return [...before, merged, ...after]
}

function join(a: Segment, b: Segment): Segment {
  const from = Math.min(firstNumber(a), firstNumber(b))
  const joined: Message[] = []
  for (const message of a) joined[message.number - from] = message
  for (const message of b) {
    const known = joined[message.number - from]
    joined[message.number - from] = known ? newer(known, message) : message
  }
  return joined
}

/**
 * Applies the state of one message: replaces the loaded one, or continues a run that ends right before it.
 * Anything else is not loaded, and loading it is the business of a page; then the very same segments come back.
 */
export function upsert(segments: Segments, message: Message): Segments {
  for (let at = 0; at < segments.length; at++) {
    const segment = segments[at]!
    const offset = message.number - firstNumber(segment)
    if (offset >= 0 && offset < segment.length) {
      if (newer(segment[offset]!, message) !== message) return segments
      return segments.with(at, segment.with(offset, message))
    }
    if (offset === segment.length) return insertRun(segments, [message])
  }
  return segments
}

/** Keeps the newest `max` messages. */
export function trimOldest(segments: Segments, max: number): Segments {
  const kept: Segment[] = []
  let room = max
  for (let at = segments.length - 1; at >= 0 && room > 0; at--) {
    const segment = segments[at]!
    kept.unshift(segment.length > room ? segment.slice(-room) : segment)
    room -= segment.length
  }
  return kept
}

export const count = (segments: Segments): number => segments.reduce((sum, segment) => sum + segment.length, 0)
