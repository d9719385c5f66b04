import { describe, expect, it } from 'vitest'
import { me, message, messages, other } from '@/data/timeline/testing'
import type { TimelineSnapshot } from '@/data/timeline/timeline-store'
import type { Message } from '@/data/types'
import { type Row, RowBuilder } from './rows'

type Input = Partial<Pick<TimelineSnapshot, 'segments' | 'pending' | 'changes' | 'lastNumber'>>

function build(input: Input, unreadAfter?: number, builder = new RowBuilder(me)): Row[] {
  const last = input.segments?.at(-1)?.at(-1)?.number ?? 0
  return builder.build({ segments: [], pending: [], changes: new Map(), lastNumber: last, ...input }, unreadAfter)
}

const shape = (rows: Row[]) =>
  rows.map((row) =>
    row.kind === 'message' ? `${row.message.number}${row.grouped ? '' : '*'}` : row.kind === 'gap' ? `gap ${row.from}-${row.to}` : row.kind,
  )

const at = (number: number, time: string, author = other): Message => message(number, { created_at: time, author_id: author })

describe('RowBuilder', () => {
  it('starts a room at its origin', () => {
    expect(shape(build({}))).toEqual(['origin'])
    expect(shape(build({ segments: [messages(1, 2)] }))).toEqual(['origin', 'day', '1*', '2'])
  })

  it('groups one author within five minutes', () => {
    const segment = [
      at(1, '2026-11-20T09:00:00.000Z'),
      at(2, '2026-11-20T09:04:59.000Z'),
      at(3, '2026-11-20T09:10:00.000Z'),
      at(4, '2026-11-20T09:10:01.000Z', me),
      at(5, '2026-11-20T09:10:02.000Z', me),
    ]
    expect(shape(build({ segments: [segment] }))).toEqual(['origin', 'day', '1*', '2', '3*', '4*', '5'])
  })

  it('breaks a group at midnight of the reader', () => {
    const before = new Date(2026, 9, 24, 23, 59).toISOString()
    const after = new Date(2026, 9, 25, 0, 1).toISOString()
    expect(shape(build({ segments: [[at(1, before), at(2, after)]] }))).toEqual(['origin', 'day', '1*', 'day', '2*'])
  })

  it('draws one line a day over a change of clocks', () => {
    const hours = [0, 1, 2, 3, 4, 23].map((hour, index) => at(index + 1, new Date(2026, 9, 25, hour, 30).toISOString()))
    expect(shape(build({ segments: [hours] })).filter((row) => row === 'day')).toHaveLength(1)
  })

  it('breaks a group at the unread line, which tells when reading stopped', () => {
    const rows = build({ segments: [messages(1, 3)] }, 1)
    expect(shape(rows)).toEqual(['origin', 'day', '1*', 'unread', '2*', '3'])
    expect(rows.find((row) => row.kind === 'unread')).toMatchObject({ since: message(1).created_at })
  })

  it('shows gaps between what is loaded and at the end', () => {
    const rows = build({ segments: [messages(1, 2), messages(9, 10)], lastNumber: 20 })
    expect(shape(rows)).toEqual(['origin', 'day', '1*', '2', 'gap 3-8', 'day', '9*', '10', 'gap 11-20'])
  })

  it('keeps every key and the name on top when older messages are loaded above', () => {
    const builder = new RowBuilder(me)
    const before = build({ segments: [messages(31, 33)] }, undefined, builder)
    const after = build({ segments: [messages(28, 33)] }, undefined, builder)
    expect(shape(before)).toEqual(['31*', '32', '33'])
    expect(shape(after)).toEqual(['28*', '29', '30', '31*', '32', '33'])
    expect(after.slice(-3).map((row) => row.key)).toEqual(before.map((row) => row.key))
  })

  it('keeps the key of a message from its first optimistic row on', () => {
    const pending = { clientKey: 'a', body: 'hi', createdAt: '2026-11-20T09:03:00.000Z', state: 'sending' as const }
    const before = build({ segments: [messages(1, 2)], pending: [pending] })
    const after = build({ segments: [[...messages(1, 2), message(3, { author_id: me, client_key: 'a' })]] })
    expect(after.at(-1)!.key).toBe(before.at(-1)!.key)
    expect(new Set(after.map((row) => row.key)).size).toBe(after.length)
  })
})
