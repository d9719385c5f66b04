import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

export interface OutboxRow {
  seq?: number
  userId: number
  roomId: number
  clientKey: string
  body: string
  createdAt: string
  /** Why the server refused it; such a row waits for a person. */
  refusal?: string
}

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxRow; indexes: { clientKey: string } }
}

/** Where unsent messages wait. Rows come back in the order they were added. */
export interface OutboxStorage {
  add(row: OutboxRow): Promise<void>
  list(userId: number): Promise<OutboxRow[]>
  update(clientKey: string, change: Partial<OutboxRow>): Promise<void>
  remove(clientKey: string): Promise<void>
}

export function openOutboxStorage(): OutboxStorage {
  return typeof indexedDB === 'undefined' ? new MemoryOutbox() : new DatabaseOutbox()
}

class DatabaseOutbox implements OutboxStorage {
  private db: Promise<IDBPDatabase<Schema>> | undefined
  // A private window may refuse IndexedDB when it is first used, and a full disk when there is something to store. Sending must still work, so the
  // rows then live in memory: some here and some there.
  private readonly fallback = new MemoryOutbox()

  async add(row: OutboxRow): Promise<void> {
    // Behind a row in memory the next one would overtake it from the disk.
    if ((await this.fallback.list(row.userId)).length > 0) return this.fallback.add(row)
    return this.run(
      async (db) => void (await db.add('outbox', row)),
      (memory) => memory.add(row),
    )
  }

  async list(userId: number): Promise<OutboxRow[]> {
    const memory = await this.fallback.list(userId)
    const db = await this.opened()
    // A read that fails is an error: an empty list would say that everything has been sent.
    return db ? [...(await db.getAll('outbox')).filter((row) => row.userId === userId), ...memory] : memory
  }

  async update(clientKey: string, change: Partial<OutboxRow>): Promise<void> {
    await this.fallback.update(clientKey, change)
    return this.run(
      async (db) => {
        const tx = db.transaction('outbox', 'readwrite')
        const row = await tx.store.index('clientKey').get(clientKey)
        if (row) await tx.store.put({ ...row, ...change })
        await tx.done
      },
      async () => {},
    )
  }

  async remove(clientKey: string): Promise<void> {
    await this.fallback.remove(clientKey)
    return this.run(
      async (db) => {
        const tx = db.transaction('outbox', 'readwrite')
        const key = await tx.store.index('clientKey').getKey(clientKey)
        if (key !== undefined) await tx.store.delete(key)
        await tx.done
      },
      async () => {},
    )
  }

  private async opened(): Promise<IDBPDatabase<Schema> | undefined> {
    try {
      this.db ??= open()
      return await this.db
    } catch {
      return undefined
    }
  }

  private async run<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>, fallback: (memory: MemoryOutbox) => Promise<T>): Promise<T> {
    try {
      this.db ??= open()
      return await work(await this.db)
    } catch {
      return fallback(this.fallback)
    }
  }
}

function open(): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>('parley', 1, {
    upgrade(db) {
      db.createObjectStore('outbox', { keyPath: 'seq', autoIncrement: true }).createIndex('clientKey', 'clientKey', { unique: true })
    },
  })
}

export class MemoryOutbox implements OutboxStorage {
  private rows: OutboxRow[] = []

  async add(row: OutboxRow): Promise<void> {
    this.rows.push(row)
  }

  async list(userId: number): Promise<OutboxRow[]> {
    return this.rows.filter((row) => row.userId === userId)
  }

  async update(clientKey: string, change: Partial<OutboxRow>): Promise<void> {
    this.rows = this.rows.map((row) => (row.clientKey === clientKey ? { ...row, ...change } : row))
  }

  async remove(clientKey: string): Promise<void> {
    this.rows = this.rows.filter((row) => row.clientKey !== clientKey)
  }
}
