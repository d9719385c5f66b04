import { createStore } from 'zustand/vanilla'

/** How long somebody counts as typing after the last word of it. */
export const typingMs = 5000

type Rooms = ReadonlyMap<number, readonly number[]>

/** Who types where. An entry forgets itself; a message of theirs ends it at once. */
export class TypingStore {
  readonly store = createStore<{ rooms: Rooms }>(() => ({ rooms: new Map() }))
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>()

  start(roomId: number, userId: number): void {
    const key = `${roomId}:${userId}`
    clearTimeout(this.timers.get(key))
    this.timers.set(
      key,
      setTimeout(() => this.stop(roomId, userId), typingMs),
    )
    const typing = this.in(roomId)
    if (!typing.includes(userId)) this.set(roomId, [...typing, userId])
  }

  stop(roomId: number, userId: number): void {
    const key = `${roomId}:${userId}`
    const timer = this.timers.get(key)
    if (timer === undefined) return
    clearTimeout(timer)
    this.timers.delete(key)
    this.set(
      roomId,
      this.in(roomId).filter((id) => id !== userId),
    )
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
    this.store.setState({ rooms: new Map() })
  }

  private in(roomId: number): readonly number[] {
    return this.store.getState().rooms.get(roomId) ?? []
  }

  private set(roomId: number, users: readonly number[]): void {
    const rooms = new Map(this.store.getState().rooms)
    if (users.length === 0) rooms.delete(roomId)
    else rooms.set(roomId, users)
    this.store.setState({ rooms })
  }
}
