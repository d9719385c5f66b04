import type { Message } from '../types'

export const me = 1
export const other = 2

/** A message for tests: whole, and plain to read in an expectation. */
export function message(number: number, change: Partial<Message> = {}): Message {
  return {
    id: 1000 + number,
    room_id: 7,
    number,
    revision: number,
    author_id: other,
    body: `message ${number}`,
    client_key: `key-${number}`,
    created_at: new Date(Date.UTC(2026, 10, 20, 9, number)).toISOString(),
    ...change,
  }
}

export function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from + 1 }, (_, at) => message(from + at))
}
