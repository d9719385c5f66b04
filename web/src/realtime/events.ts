import type { RoomsStore } from '@/data/rooms-store'
import type { Change } from '@/data/timeline/timeline-store'
import type { Timelines } from '@/data/timeline/timelines'
import type { Member, Message, Room, RoomEvent, ServerEvent } from '@/data/types'
import type { TypingStore } from '@/data/typing-store'
import type { UsersStore } from '@/data/users-store'

export interface EventTargets {
  me: number
  rooms: RoomsStore
  users: UsersStore
  typing: TypingStore
  timelines: Timelines
  /** I came into a room or left one: the list has to be asked for again. */
  onMembership(): void
  /** Events were lost on the way to this server; nobody can say which. */
  onMissed(): void
  onJoined(roomId: number, member: Member): void
  onLeft(roomId: number, userId: number): void
  onMessage(message: Message): void
}

/** Writes the events of one publication into the stores. Applying an event twice, or late, changes nothing. */
export function applyEvents(targets: EventTargets, events: readonly ServerEvent[]): void {
  if (events.some((event) => event.type === 'events.missed')) targets.onMissed()
  for (const [roomId, ofRoom] of byRoom(events)) {
    const store = targets.timelines.loaded(roomId)?.store
    const apply = () => {
      for (const event of ofRoom) applyEvent(targets, event)
    }
    if (store) store.batch(apply)
    else apply()
  }
}

/** Events of no room, and of kinds this client does not know yet, are left alone: a newer server may send them. */
function byRoom(events: readonly ServerEvent[]): Map<number, RoomEvent[]> {
  const rooms = new Map<number, RoomEvent[]>()
  for (const event of events) {
    if (!('room_id' in event)) continue
    const list = rooms.get(event.room_id)
    if (list) list.push(event)
    else rooms.set(event.room_id, [event])
  }
  return rooms
}

function applyEvent(targets: EventTargets, event: RoomEvent): void {
  const { rooms, typing, users } = targets
  switch (event.type) {
    case 'message.posted': {
      const { message } = event.data
      typing.stop(event.room_id, message.author_id)
      users.need([message.author_id])
      const heardBefore = isKnown(targets, message)
      applyChange(targets, event.room_id, { revision: event.revision, message }, (room) => ({
        ...room,
        last_number: Math.max(room.last_number, message.number),
        active_at: message.created_at > room.active_at ? message.created_at : room.active_at,
      }))
      if (!heardBefore) targets.onMessage(message)
      return
    }
    case 'message.edited':
    case 'message.deleted':
      applyChange(targets, event.room_id, { revision: event.revision, message: event.data.message })
      return
    case 'room.updated':
      applyChange(targets, event.room_id, { revision: event.revision }, (room) => ({
        ...event.data.room,
        role: room.role,
        last_read_number: room.last_read_number,
      }))
      return
    case 'room.deleted':
      targets.onMembership()
      return
    case 'member.joined':
      users.put([event.data.user])
      if (event.data.user.id === targets.me) {
        targets.onMembership()
        return
      }
      targets.onJoined(event.room_id, { user: event.data.user, role: event.data.role, joined_at: event.at })
      // Off by one after a repeated event, until the next list says what it is.
      rooms.update(event.room_id, (room) => ({ ...room, member_count: room.member_count + 1 }))
      return
    case 'member.left':
      typing.stop(event.room_id, event.data.user_id)
      if (event.data.user_id === targets.me) {
        targets.onMembership()
        return
      }
      targets.onLeft(event.room_id, event.data.user_id)
      rooms.update(event.room_id, (room) => ({ ...room, member_count: Math.max(0, room.member_count - 1) }))
      return
    case 'read.marked':
      rooms.markRead(event.room_id, event.data.last_read_number)
      return
    case 'typing.started':
      if (event.data.user_id === targets.me) return
      users.need([event.data.user_id])
      typing.start(event.room_id, event.data.user_id)
  }
}

/** A message that its author sent again is told of again; nobody wants to hear it read out again. */
function isKnown(targets: EventTargets, message: Message): boolean {
  const store = targets.timelines.loaded(message.room_id)?.store
  if (store?.snapshot().status === 'ready') return store.find(message.number) !== undefined
  return message.number <= (targets.rooms.get(message.room_id)?.last_number ?? 0)
}

function applyChange(targets: EventTargets, roomId: number, change: Change, update: (room: Room) => Room = (room) => room): void {
  targets.rooms.update(roomId, (room) => {
    const next = update(room)
    return { ...next, revision: Math.max(room.revision, change.revision) }
  })
  targets.timelines.loaded(roomId)?.store.applyChange(change)
}
