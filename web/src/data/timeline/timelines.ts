import type { Api } from '../api'
import type { Room } from '../types'
import { type LoaderEvents, TimelineLoader } from './timeline-loader'
import type { PendingMessage } from './timeline-store'

const maxRooms = 30
/** What a room keeps when nobody looks at it: enough to open it again without a request. */
const restingMessages = 200

/** The loaded rooms, most recently opened last. */
export class Timelines {
  private readonly loaders = new Map<number, TimelineLoader>()
  private readonly me: number
  private readonly api: Api
  private readonly events: LoaderEvents
  private readonly pendingIn: (roomId: number) => readonly PendingMessage[]

  constructor(me: number, api: Api, events: LoaderEvents, pendingIn: (roomId: number) => readonly PendingMessage[]) {
    this.me = me
    this.api = api
    this.events = events
    this.pendingIn = pendingIn
  }

  /** The room's timeline if it was opened; events of other rooms need none. */
  loaded(roomId: number): TimelineLoader | undefined {
    return this.loaders.get(roomId)
  }

  all(): IterableIterator<[number, TimelineLoader]> {
    return this.loaders.entries()
  }

  /** The room's timeline, made if need be. What waits to be sent is in it from the start. */
  of(roomId: number): TimelineLoader {
    const known = this.loaders.get(roomId)
    if (known) return known
    const loader = new TimelineLoader(roomId, this.me, this.api, this.events)
    for (const message of this.pendingIn(roomId)) loader.store.addPending(message)
    this.loaders.set(roomId, loader)
    return loader
  }

  open(roomId: number, room: Room | undefined): Promise<void> {
    const loader = this.of(roomId)
    this.loaders.delete(roomId)
    this.loaders.set(roomId, loader)
    this.evict()
    return loader.open(room)
  }

  /** The reader left the room. */
  rest(roomId: number): void {
    this.loaders.get(roomId)?.store.trim(restingMessages)
  }

  drop(roomId: number): void {
    this.loaders.get(roomId)?.dispose()
    this.loaders.delete(roomId)
  }

  /** Another history: the room that was opened last begins anew, the others when they are opened again. */
  restart(): void {
    const latest = [...this.loaders.keys()].at(-1)
    for (const [roomId, loader] of [...this.loaders]) {
      if (roomId === latest) loader.restart()
      else this.drop(roomId)
    }
  }

  clear(): void {
    for (const roomId of [...this.loaders.keys()]) this.drop(roomId)
  }

  private evict(): void {
    for (const roomId of this.loaders.keys()) {
      if (this.loaders.size <= maxRooms) return
      this.drop(roomId)
    }
  }
}
