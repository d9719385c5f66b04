import { firstNumber, lastNumber, type Segments } from '@/data/timeline/segments'
import type { PendingChange, PendingMessage, TimelineSnapshot } from '@/data/timeline/timeline-store'
import type { Message } from '@/data/types'
import { dayKey } from '@/i18n'

export type Row =
  | { kind: 'origin'; key: string }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'unread'; key: string; since: string }
  | { kind: 'gap'; key: string; from: number; to: number; tail: boolean }
  | { kind: 'message'; key: string; message: Message; change: PendingChange | undefined; grouped: boolean }
  | { kind: 'pending'; key: string; pending: PendingMessage; grouped: boolean }

/** Messages of one author closer than this stand together under one name. */
const groupMs = 5 * 60_000

interface Above {
  author: number
  at: string
}

/**
 * Turns a timeline into the rows of the transcript. One builder serves one visit to a room: it remembers which messages once stood at the top
 * of what was loaded, and keeps the name on them, so that loading what is above them changes nothing on screen.
 */
export class RowBuilder {
  private readonly heads = new Set<number>()
  private readonly me: number

  constructor(me: number) {
    this.me = me
  }

  build(snapshot: Pick<TimelineSnapshot, 'segments' | 'pending' | 'changes' | 'lastNumber'>, unreadAfter: number | undefined): Row[] {
    const rows: Row[] = []
    let above: Above | undefined
    let previousAt: string | undefined
    if (reachesStart(snapshot.segments, snapshot.lastNumber)) rows.push({ kind: 'origin', key: 'origin' })
    let expected = rows.length > 0 ? 1 : snapshot.segments[0] && firstNumber(snapshot.segments[0])
    for (const segment of snapshot.segments) {
      const from = firstNumber(segment)
      this.heads.add(from)
      if (expected !== undefined && from > expected) {
        rows.push({ kind: 'gap', key: `gap:${expected}`, from: expected, to: from - 1, tail: false })
        above = undefined
      }
      for (const message of segment) {
        const known = rows.length > 0
        if (known && (!above || dayKey(above.at) !== dayKey(message.created_at))) {
          rows.push({ kind: 'day', key: `day:${dayKey(message.created_at)}:${message.number}`, at: message.created_at })
          above = undefined
        }
        if (unreadAfter !== undefined && message.number === unreadAfter + 1) {
          rows.push({ kind: 'unread', key: 'unread', since: previousAt ?? message.created_at })
          above = undefined
        }
        const grouped = !this.heads.has(message.number) && belongs(above, message.author_id, message.created_at)
        rows.push({
          kind: 'message',
          key: rowKey(message.author_id, message.client_key),
          message,
          change: snapshot.changes.get(message.number),
          grouped,
        })
        above = { author: message.author_id, at: message.created_at }
        previousAt = message.created_at
      }
      expected = lastNumber(segment) + 1
    }
    if (expected !== undefined && snapshot.segments.length > 0 && expected <= snapshot.lastNumber) {
      rows.push({ kind: 'gap', key: `gap:${expected}`, from: expected, to: snapshot.lastNumber, tail: true })
      above = undefined
    }
    this.addPending(rows, snapshot.pending, above)
    return rows
  }

  private addPending(rows: Row[], pending: readonly PendingMessage[], last: Above | undefined): void {
    let above = last
    for (const message of pending) {
      const { createdAt } = message
      if (above ? dayKey(above.at) !== dayKey(createdAt) : rows.length > 0) {
        rows.push({ kind: 'day', key: `day:${dayKey(createdAt)}:pending`, at: createdAt })
        above = undefined
      }
      rows.push({ kind: 'pending', key: rowKey(this.me, message.clientKey), pending: message, grouped: belongs(above, this.me, createdAt) })
      above = { author: this.me, at: createdAt }
    }
  }
}

/** One key from the first optimistic row to the stored message, so that the row is replaced in place and never blinks. */
const rowKey = (author: number, clientKey: string): string => `${author}:${clientKey}`

export function reachesStart(segments: Segments, last: number): boolean {
  const head = segments[0]
  return head ? firstNumber(head) === 1 : last === 0
}

function belongs(above: Above | undefined, author: number, at: string): boolean {
  return above !== undefined && above.author === author && Math.abs(Date.parse(at) - Date.parse(above.at)) < groupMs
}
