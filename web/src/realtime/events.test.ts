import { beforeEach, describe, expect, it, vi } from 'vitest'
import { RoomsStore } from '@/data/rooms-store'
import { me, message, messages, other } from '@/data/timeline/testing'
import { TimelineStore } from '@/data/timeline/timeline-store'
import type { Timelines } from '@/data/timeline/timelines'
import type { Room, ServerEvent } from '@/data/types'
import { TypingStore } from '@/data/typing-store'
import { UsersStore } from '@/data/users-store'
import { applyEvents, type EventTargets } from './events'

const at = '2026-11-20T09:00:00.000Z'
const room: Room = {
  id: 7,
  name: 'releases',
  kind: 'public',
  topic: '',
  created_by: 1,
  created_at: at,
  active_at: at,
  last_number: 3,
  revision: 3,
  member_count: 2,
  role: 'owner',
  last_read_number: 3,
}

let targets: EventTargets
let timeline: TimelineStore
const apply = (...events: object[]) => applyEvents(targets, events as ServerEvent[])
const posted = (number: number, author = other) => ({
  type: 'message.posted',
  room_id: 7,
  revision: number,
  at,
  data: { message: message(number, { author_id: author }) },
})

beforeEach(() => {
  timeline = new TimelineStore(me)
  timeline.applyPage(messages(1, 3), 3)
  const rooms = new RoomsStore()
  rooms.replaceAll([room])
  targets = {
    me,
    rooms,
    users: new UsersStore(async () => []),
    typing: new TypingStore(),
    timelines: { loaded: (id: number) => (id === 7 ? { store: timeline } : undefined) } as unknown as Timelines,
    onMembership: vi.fn(),
    onMissed: vi.fn(),
    onJoined: vi.fn(),
    onLeft: vi.fn(),
    onMessage: vi.fn(),
  }
})

describe('applyEvents', () => {
  it('writes a message into its room and its timeline, once', () => {
    apply(posted(4), posted(4))
    expect(targets.rooms.get(7)).toMatchObject({ last_number: 4, revision: 4 })
    expect(timeline.snapshot().lastNumber).toBe(4)
  })

  it('takes a message that is told again for what it is', () => {
    apply(posted(4), { ...posted(5), data: { message: message(5, { created_at: '2027-01-01T00:00:00.000Z' }) } })
    apply(posted(4), posted(5))
    expect(targets.onMessage).toHaveBeenCalledTimes(2)
    expect(targets.rooms.get(7)).toMatchObject({ last_number: 5, revision: 5, active_at: '2027-01-01T00:00:00.000Z' })
    expect(timeline.snapshot().revision).toBe(5)
  })

  it('renders a burst once', () => {
    const listener = vi.fn()
    timeline.subscribe(listener)
    apply(posted(4), posted(5), posted(6))
    expect(listener).toHaveBeenCalledOnce()
  })

  it('ends typing with the message', () => {
    apply({ type: 'typing.started', room_id: 7, at, data: { user_id: other } })
    expect(targets.typing.store.getState().rooms.get(7)).toEqual([other])
    apply(posted(4))
    expect(targets.typing.store.getState().rooms.has(7)).toBe(false)
  })

  it('never shows me typing', () => {
    apply({ type: 'typing.started', room_id: 7, at, data: { user_id: me } })
    expect(targets.typing.store.getState().rooms.has(7)).toBe(false)
  })

  it('changes the room and keeps what is mine in it', () => {
    const { role: _role, last_read_number: _read, ...plain } = room
    apply({ type: 'room.updated', room_id: 7, revision: 4, at, data: { room: { ...plain, name: 'ships', revision: 4 } } })
    expect(targets.rooms.get(7)).toMatchObject({ name: 'ships', role: 'owner', last_read_number: 3, revision: 4 })
    expect(timeline.snapshot().revision).toBe(4)
  })

  it('moves the read mark forward only', () => {
    apply(posted(4))
    apply({ type: 'read.marked', room_id: 7, at, data: { room_id: 7, last_read_number: 4 } })
    apply({ type: 'read.marked', room_id: 7, at, data: { room_id: 7, last_read_number: 2 } })
    expect(targets.rooms.get(7)?.last_read_number).toBe(4)
  })

  it('asks for my rooms when one is deleted', () => {
    apply({ type: 'room.deleted', room_id: 7, at })
    expect(targets.onMembership).toHaveBeenCalledOnce()
  })

  it('asks for my rooms when I come or go, and tells about others', () => {
    const user = (id: number) => ({ id, username: `u${id}`, display_name: `U ${id}` })
    apply({ type: 'member.joined', room_id: 9, at, data: { user: user(me), role: 'member' } })
    apply({ type: 'member.left', room_id: 7, at, data: { user_id: me } })
    expect(targets.onMembership).toHaveBeenCalledTimes(2)
    apply({ type: 'member.joined', room_id: 7, at, data: { user: user(5), role: 'member' } })
    expect(targets.onJoined).toHaveBeenCalledWith(7, { user: user(5), role: 'member', joined_at: at })
    expect(targets.rooms.get(7)?.member_count).toBe(3)
    apply({ type: 'member.left', room_id: 7, at, data: { user_id: 5 } })
    expect(targets.rooms.get(7)?.member_count).toBe(2)
  })

  it('asks what it missed when the server says that events were lost', () => {
    apply(posted(4))
    expect(targets.onMissed).not.toHaveBeenCalled()
    apply({ type: 'events.missed', at }, posted(5))
    expect(targets.onMissed).toHaveBeenCalledTimes(1)
    expect(targets.rooms.get(7)?.last_number).toBe(5)
  })

  it('leaves alone what it does not know', () => {
    apply({ type: 'notice.added', at }, { type: 'moon.rose', room_id: 7, at, data: {} })
    expect(targets.rooms.get(7)).toEqual(room)
  })

  it('ignores rooms it does not know', () => {
    expect(() => apply({ ...posted(4), room_id: 99 })).not.toThrow()
  })
})
