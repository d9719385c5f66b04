import { createStore } from 'zustand/vanilla'

type Drafts = ReadonlyMap<number, string>

/** What was written and not sent, per room. Kept in localStorage, which survives a reload and a lapsed session. */
export class DraftsStore {
  readonly store = createStore<{ drafts: Drafts }>(() => ({ drafts: new Map() }))
  private readonly prefix: string

  constructor(userId: number) {
    this.prefix = `parley:draft:${userId}:`
    this.store.setState({ drafts: this.read() })
  }

  get(roomId: number): string {
    return this.store.getState().drafts.get(roomId) ?? ''
  }

  set(roomId: number, text: string): void {
    if (this.get(roomId) === text) return
    const drafts = new Map(this.store.getState().drafts)
    if (text === '') drafts.delete(roomId)
    else drafts.set(roomId, text)
    this.store.setState({ drafts })
    try {
      if (text === '') localStorage.removeItem(this.prefix + roomId)
      else localStorage.setItem(this.prefix + roomId, text)
    } catch {
      // Storage is full or forbidden: the draft lives as long as the tab.
    }
  }

  clear(): void {
    for (const roomId of this.store.getState().drafts.keys()) this.set(roomId, '')
  }

  private read(): Drafts {
    const drafts = new Map<number, string>()
    try {
      for (let at = 0; at < localStorage.length; at++) {
        const key = localStorage.key(at)
        if (!key?.startsWith(this.prefix)) continue
        const text = localStorage.getItem(key)
        if (text) drafts.set(Number(key.slice(this.prefix.length)), text)
      }
    } catch {
      return drafts
    }
    return drafts
  }
}
