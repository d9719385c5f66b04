import type { QueryClient } from '@tanstack/react-query'
import { noticesKey } from '@/data/account'
import { type Api, data } from '@/data/api'
import { openOutboxStorage } from '@/data/database'
import { DraftsStore } from '@/data/drafts-store'
import { Outbox } from '@/data/outbox'
import { PresenceStore } from '@/data/presence-store'
import { ProblemError, retryDelay } from '@/data/problem'
import { addMember, removeMember } from '@/data/queries'
import { RoomsStore } from '@/data/rooms-store'
import type { Session } from '@/data/session'
import { Timelines } from '@/data/timeline/timelines'
import type { Me, Message, PresenceWatchReply, Room } from '@/data/types'
import { TypingStore } from '@/data/typing-store'
import { UsersStore } from '@/data/users-store'
import { ConnectionStore, crowdedBy } from './connection-store'
import { applyEvents } from './events'
import { openSocketLater } from './lazy-socket'
import { type Socket, sessionEnded, stayAway } from './port'

/** After a reconnect every room subscribes again; one list answers for all of them. */
const syncDelayMs = 250
/** A server that went away sent everybody away: those who come back do not all ask in the same moment. */
const returnSpreadMs = 1000
/** Everybody is told of lost events at the same moment, and must not ask at the same moment. */
const missedSpreadMs = 2000
const typingEveryMs = 3000
const listRetryMs = 3000
/** Somebody with too many tabs may close one without a word to this one. */
const crowdedRetryMs = 60_000
/** Other tabs of theirs may be what sends too much; this one is patient. */
const stayAwayMs = 60_000

/**
 * One signed-in person's chat: the stores, and what writes into them. Sends and read marks go by HTTP, which works while the socket does not and
 * says by status what happened; only typing, which may be lost, goes by the socket. `start` and `stop` bracket its life.
 */
export class Chat {
  readonly rooms = new RoomsStore()
  readonly typing = new TypingStore()
  readonly connection = new ConnectionStore()
  readonly presence: PresenceStore
  readonly users: UsersStore
  readonly drafts: DraftsStore
  readonly outbox: Outbox
  readonly timelines: Timelines
  readonly me: Me
  readonly api: Api
  private readonly queries: QueryClient
  private readonly socket: Socket
  private readonly messageListeners = new Set<(message: Message) => void>()
  private readonly typedAt = new Map<number, number>()
  private readonly marks = new Map<number, number>()
  private readonly marking = new Set<number>()
  private syncTimer: ReturnType<typeof setTimeout> | undefined
  private crowdedTimer: ReturnType<typeof setTimeout> | undefined
  /** The token that the socket is open by. */
  private shown: string | undefined
  private stopped = false
  private connectedOnce = false
  private liveDelay = syncDelayMs

  constructor(me: Me, session: Session, api: Api, queries: QueryClient) {
    this.me = me
    this.api = api
    this.queries = queries
    this.drafts = new DraftsStore(me.id)
    this.users = new UsersStore(async (ids) => (await data(api.GET('/api/v1/users', { params: { query: { ids } } }))).items)
    this.users.put([me])
    this.outbox = new Outbox(
      me.id,
      openOutboxStorage(),
      (row) =>
        data(
          api.POST('/api/v1/rooms/{room_id}/messages', {
            params: { path: { room_id: row.roomId } },
            body: { body: row.body, client_key: row.clientKey },
          }),
        ),
      {
        onQueued: (roomId, message) => this.timelines.loaded(roomId)?.store.addPending(message),
        onState: (roomId, clientKey, change) => this.timelines.loaded(roomId)?.store.updatePending(clientKey, change),
        onSent: (message) => this.timelines.loaded(message.room_id)?.store.applyChange({ revision: message.revision, message }),
        onDiscarded: (roomId, clientKey) => this.timelines.loaded(roomId)?.store.removePending(clientKey),
      },
    )
    this.timelines = new Timelines(
      me.id,
      api,
      { onRoom: (room) => this.rooms.update(room.id, () => room), onAuthors: (ids) => this.users.need(ids) },
      (roomId) => this.outbox.pendingIn(roomId),
    )
    this.socket = openSocketLater(async () => (this.shown = await session.accessToken()), {
      onState: (state) => {
        this.connection.set(state)
        this.presence.setConnected(state)
        if (state === 'connected') this.outbox.kick()
        if (state === 'connecting' && this.connectedOnce) this.liveDelay = syncDelayMs + Math.random() * returnSpreadMs
        if (state === 'connected') this.connectedOnce = true
      },
      onEvents: (events) => this.apply(events),
      onLive: () => this.scheduleSync(this.liveDelay),
      onTerminal: (code) => this.sentAway(code, session),
    })
    this.presence = new PresenceStore(
      async (ids) => (await this.socket.call<PresenceWatchReply>('presence.watch', { user_ids: ids })).online,
    )
  }

  start(): void {
    this.socket.connect()
    addEventListener('online', this.onOnline)
    void this.outbox.restore()
    void this.sync()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.onOnline)
    clearTimeout(this.syncTimer)
    clearTimeout(this.crowdedTimer)
    this.presence.close()
    this.socket.close()
    this.outbox.close()
    this.typing.clear()
    this.connection.close()
    this.timelines.clear()
  }

  /** Tries once more to be one of the places in which Parley is open. */
  connectHere(): void {
    clearTimeout(this.crowdedTimer)
    this.socket.connect()
  }

  /** Called for every message that arrives live, whoever wrote it. */
  onMessage(listener: (message: Message) => void): () => void {
    this.messageListeners.add(listener)
    return () => this.messageListeners.delete(listener)
  }

  /** The room list again, then whatever the loaded rooms missed. */
  async sync(): Promise<void> {
    this.rooms.retry()
    try {
      const { items } = await data(this.api.GET('/api/v1/rooms'))
      if (this.stopped) return
      this.adoptRooms(items)
    } catch (error) {
      if (this.stopped) return
      this.rooms.fail()
      if (error instanceof ProblemError && error.retryAfterMs) for (const [, { store }] of this.timelines.all()) store.doubt(true)
      this.scheduleSync(retryDelay(error, listRetryMs))
    }
  }

  /** A room I have just created or joined. */
  enter(room: Room): void {
    this.rooms.put(room)
    this.socket.listenTo(this.rooms.ids())
  }

  leave(roomId: number): void {
    this.rooms.remove(roomId)
    this.timelines.drop(roomId)
    this.drafts.set(roomId, '')
    this.socket.listenTo(this.rooms.ids())
  }

  /** Tells the room that I type, at most every three seconds. */
  typed(roomId: number): void {
    const now = Date.now()
    if (now - (this.typedAt.get(roomId) ?? 0) < typingEveryMs) return
    this.typedAt.set(roomId, now)
    this.socket.call('typing.start', { room_id: roomId }).catch(() => {})
  }

  /** Sending ends typing, and the next word after it is told at once. */
  send(roomId: number, body: string): void {
    this.typedAt.delete(roomId)
    this.outbox.send(roomId, body)
  }

  /** Shown at once; the mark travels behind, and a lost one is made good by the next. */
  markRead(roomId: number, number: number): void {
    const room = this.rooms.get(roomId)
    if (!room || (room.last_read_number ?? 0) >= number) return
    this.rooms.markRead(roomId, number)
    this.marks.set(roomId, number)
    void this.sendMark(roomId)
  }

  async edit(roomId: number, number: number, body: string): Promise<void> {
    const store = this.timelines.of(roomId).store
    store.startChange(number, { kind: 'edit', body })
    await this.change(
      roomId,
      number,
      this.api.PATCH('/api/v1/rooms/{room_id}/messages/{number}', {
        params: { path: { room_id: roomId, number } },
        body: { body },
      }),
    )
  }

  async delete(roomId: number, number: number): Promise<void> {
    const store = this.timelines.of(roomId).store
    store.startChange(number, { kind: 'delete' })
    await this.change(
      roomId,
      number,
      this.api.DELETE('/api/v1/rooms/{room_id}/messages/{number}', { params: { path: { room_id: roomId, number } } }),
    )
  }

  private async change(roomId: number, number: number, answer: Promise<{ data?: Message }>): Promise<void> {
    const store = this.timelines.of(roomId).store
    try {
      store.endChange(number, await data(answer))
    } catch (error) {
      store.endChange(number)
      throw error
    }
  }

  private async sendMark(roomId: number): Promise<void> {
    if (this.marking.has(roomId)) return
    this.marking.add(roomId)
    try {
      for (let number = this.marks.get(roomId); number !== undefined; number = this.marks.get(roomId)) {
        await this.api.PUT('/api/v1/rooms/{room_id}/read', { params: { path: { room_id: roomId } }, body: { number } })
        if (this.marks.get(roomId) === number) this.marks.delete(roomId)
      }
    } catch {
      // Kept in `marks`: the next mark or the next sync sends it again.
    } finally {
      this.marking.delete(roomId)
    }
  }

  private apply(events: Parameters<typeof applyEvents>[1]): void {
    for (const event of events) if (event.type === 'presence.changed') this.presence.apply(event.data.online, event.data.offline)
    if (events.some((event) => event.type === 'notice.added')) void this.queries.invalidateQueries({ queryKey: noticesKey })
    applyEvents(
      {
        me: this.me.id,
        rooms: this.rooms,
        users: this.users,
        typing: this.typing,
        timelines: this.timelines,
        onMembership: () => this.scheduleSync(0),
        onMissed: () => this.scheduleSync(syncDelayMs + Math.random() * missedSpreadMs),
        onJoined: (roomId, member) => addMember(this.queries, roomId, member),
        onLeft: (roomId, userId) => removeMember(this.queries, roomId, userId),
        onMessage: (message) => {
          for (const listener of this.messageListeners) listener(message)
        },
      },
      events,
    )
  }

  private adoptRooms(items: readonly Room[]): void {
    this.rooms.replaceAll(items)
    this.socket.listenTo(this.rooms.ids())
    for (const [roomId, loader] of [...this.timelines.all()]) {
      const room = this.rooms.get(roomId)
      if (!room) continue
      loader.store.batch(() => {
        loader.store.noteLastNumber(room.last_number)
        loader.store.expect(room.revision)
        loader.store.doubt(false)
      })
      if (loader.store.isBehind) void loader.heal()
    }
    for (const roomId of [...this.marks.keys()]) void this.sendMark(roomId)
  }

  private scheduleSync(delay: number): void {
    clearTimeout(this.syncTimer)
    if (!this.stopped) this.syncTimer = setTimeout(() => void this.sync(), delay)
  }

  /**
   * A place that was replaced does not come back by itself: it would replace the next one, which comes back too. One that was refused asks again
   * now and then. For other reasons, finding out whether the session still stands either ends it or makes coming back worth while.
   */
  private sentAway(code: number, session: Session): void {
    if (code === sessionEnded && session.endedElsewhere(this.shown)) return
    const crowded = crowdedBy(code)
    if (!crowded) {
      void this.comeBack(session, code === stayAway ? stayAwayMs : listRetryMs)
      return
    }
    this.connection.crowd(crowded)
    clearTimeout(this.crowdedTimer)
    if (crowded === 'refused') this.crowdedTimer = setTimeout(() => this.socket.connect(), crowdedRetryMs * (1 + Math.random()))
  }

  private async comeBack(session: Session, pause: number): Promise<void> {
    try {
      await session.replace(await session.accessToken())
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return
    }
    setTimeout(() => {
      if (!this.stopped) this.socket.connect()
    }, pause)
  }

  private onOnline = (): void => {
    this.outbox.kick()
    this.scheduleSync(syncDelayMs)
  }
}
