import { createStore } from 'zustand/vanilla'
import type { Room } from './types'

export interface RoomsState {
  status: 'loading' | 'ready' | 'failed'
  rooms: ReadonlyMap<number, Room>
}

/** The rooms of the signed-in person, live. Unread is always derived from numbers, never counted up and down. */
export class RoomsStore {
  readonly store = createStore<RoomsState>(() => ({ status: 'loading', rooms: new Map() }))

  private begun = true

  get(id: number): Room | undefined {
    return this.store.getState().rooms.get(id)
  }

  ids(): number[] {
    return [...this.store.getState().rooms.keys()]
  }

  /** The whole list from the server. A read mark of ours that is still on its way is not taken back. */
  replaceAll(items: readonly Room[]): void {
    const known = this.begun ? this.store.getState().rooms : new Map<number, Room>()
    this.begun = true
    this.store.setState({ status: 'ready', rooms: new Map(items.map((room) => [room.id, merge(known.get(room.id), room)])) })
  }

  /** What is known is of another history: the next list stands for itself. */
  restart(): void {
    this.begun = false
  }

  fail(): void {
    if (this.store.getState().status === 'loading') this.store.setState({ status: 'failed' })
  }

  retry(): void {
    if (this.store.getState().status === 'failed') this.store.setState({ status: 'loading' })
  }

  put(room: Room): void {
    const rooms = new Map(this.store.getState().rooms)
    rooms.set(room.id, merge(rooms.get(room.id), room))
    this.store.setState({ rooms })
  }

  remove(id: number): void {
    const rooms = new Map(this.store.getState().rooms)
    if (rooms.delete(id)) this.store.setState({ rooms })
  }

  /** Changes a room we are in; unknown rooms are left to the next list. */
  update(id: number, change: (room: Room) => Room): void {
    const room = this.get(id)
    if (!room) return
    const next = change(room)
    if (next !== room) this.put(next)
  }

  markRead(id: number, number: number): void {
    this.update(id, (room) => ((room.last_read_number ?? 0) >= number ? room : { ...room, last_read_number: number }))
  }
}

function merge(known: Room | undefined, next: Room): Room {
  if (!known) return next
  return {
    ...next,
    role: next.role ?? known.role,
    last_number: Math.max(known.last_number, next.last_number),
    revision: Math.max(known.revision, next.revision),
    last_read_number: Math.max(known.last_read_number ?? 0, next.last_read_number ?? 0),
  }
}

export function unreadCount(room: Room): number {
  return Math.max(0, room.last_number - (room.last_read_number ?? room.last_number))
}

/** By name, so that a room stays where the hand expects it. */
export function byName(rooms: ReadonlyMap<number, Room>): Room[] {
  return [...rooms.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { sensitivity: 'base' }) || a.id - b.id)
}
