import { createStore } from 'zustand/vanilla'
import type { User } from './types'

export type FetchUsers = (ids: number[]) => Promise<readonly User[]>

const batchSize = 100

/** Who is behind an id. Unknown ids asked for in the same moment are fetched together; an id that does not exist is asked for once. */
export class UsersStore {
  readonly store = createStore<{ users: ReadonlyMap<number, User> }>(() => ({ users: new Map() }))
  private readonly wanted = new Set<number>()
  private readonly asked = new Set<number>()
  private scheduled = false
  private readonly fetchUsers: FetchUsers

  constructor(fetchUsers: FetchUsers) {
    this.fetchUsers = fetchUsers
  }

  get(id: number): User | undefined {
    return this.store.getState().users.get(id)
  }

  put(items: readonly User[]): void {
    const users = new Map(this.store.getState().users)
    let changed = false
    for (const user of items) {
      const known = users.get(user.id)
      if (known && known.display_name === user.display_name && known.username === user.username) continue
      users.set(user.id, user)
      changed = true
    }
    if (changed) this.store.setState({ users })
  }

  need(ids: Iterable<number>): void {
    const { users } = this.store.getState()
    for (const id of ids) if (!users.has(id) && !this.asked.has(id)) this.wanted.add(id)
    if (this.wanted.size === 0 || this.scheduled) return
    this.scheduled = true
    queueMicrotask(() => {
      this.scheduled = false
      void this.flush()
    })
  }

  private async flush(): Promise<void> {
    const ids = [...this.wanted]
    this.wanted.clear()
    for (let at = 0; at < ids.length; at += batchSize) {
      const batch = ids.slice(at, at + batchSize)
      for (const id of batch) this.asked.add(id)
      try {
        this.put(await this.fetchUsers(batch))
      } catch {
        // Asked for again by the next row that shows them.
        for (const id of batch) this.asked.delete(id)
      }
    }
  }
}
