import type { QueryClient } from '@tanstack/react-query'
import { createStore } from 'zustand/vanilla'
import { meKey, noticesKey } from '@/data/account'
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
import { Comeback } from './comeback'
import { ConnectionStore } from './connection-store'
import { applyEvents } from './events'
import { openSocketLater } from './lazy-socket'
import type { Socket } from './port'
import { Pulse } from './pulse'
import { onWake } from './wake'

/** After a reconnect every room subscribes again; one list answers for all of them. */
const syncDelayMs = 250
/** A server that went away sent everybody away: those who come back do not all ask in the same moment. */
const returnSpreadMs = 1000
/** Everybody is told of lost events at the same moment, and must not ask at the same moment. */
const missedSpreadMs = 2000
const typingEveryMs = 3000
const listRetryMs = 3000
/** A message that has no answer for so long is reason to ask whether anybody hears. */
const doubtMs = 4000
/** How long a room that the server refuses to tell of is left alone, at first and at most. */
const refusedMs = 1000
const refusedMostMs = 300_000

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
  /** Who I am. What I may do here is in `role`, which others can change while this page is open. */
  readonly me: Me
  readonly role
  readonly api: Api
  private readonly queries: QueryClient
  private readonly session: Session
  private forgetAccount: () => void = () => {}
  private readonly socket: Socket
  private readonly comeback: Comeback
  private readonly pulse: Pulse
  private readonly messageListeners = new Set<(message: Message) => void>()
  private readonly typedAt = new Map<number, number>()
  private readonly marks = new Map<number, number>()
  private readonly marking = new Set<number>()
  private syncTimer: ReturnType<typeof setTimeout> | undefined
  private refusedTimer: ReturnType<typeof setTimeout> | undefined
  private refusedDelay = refusedMs
  private stopWatching = () => {}
  private stopped = false
  private connectedOnce = false
  private liveDelay = syncDelayMs
  private history: string | undefined
  /** Room lists are counted as they are asked for: one that was asked for before another was adopted, or before I came or went, is old. */
  private listsAsked = 0
  private listsOld = 0
  private syncAt = 0
  private notBefore = 0

  constructor(me: Me, session: Session, api: Api, queries: QueryClient) {
    this.me = me
    this.role = createStore<{ now: Me['role'] }>(() => ({ now: me.role }))
    this.session = session
    this.api = api
    this.queries = queries
    this.drafts = new DraftsStore(me.id)
    this.users = new UsersStore(async (ids) => (await data(api.GET('/api/v1/users', { params: { query: { ids } } }))).items)
    this.users.put([me])
    this.outbox = new Outbox(
      me.id,
      openOutboxStorage(),
      (row) =>
        this.soon(
          data(
            api.POST('/api/v1/rooms/{room_id}/messages', {
              params: { path: { room_id: row.roomId } },
              body: { body: row.body, client_key: row.clientKey },
            }),
          ),
        ),
      {
        onQueued: (roomId, message) => this.timelines.loaded(roomId)?.store.addPending(message),
        onState: (roomId, clientKey, change) => this.timelines.loaded(roomId)?.store.updatePending(clientKey, change),
        onSent: (message) => {
          this.timelines.loaded(message.room_id)?.store.applyChange({ revision: message.revision, message })
          this.readOwn(message)
        },
        onDiscarded: (roomId, clientKey) => this.timelines.loaded(roomId)?.store.removePending(clientKey),
      },
    )
    this.timelines = new Timelines(
      me.id,
      api,
      { onRoom: (room) => this.rooms.update(room.id, () => room), onAuthors: (ids) => this.users.need(ids), belongs: this.belongs },
      (roomId) => this.outbox.pendingIn(roomId),
    )
    this.comeback = new Comeback(this.connection, session, () => this.socket.connect())
    this.socket = openSocketLater(() => this.comeback.token(), {
      onState: (state) => {
        this.connection.set(state)
        this.presence.setConnected(state)
        if (state === 'connected') this.arrived()
        if (state === 'connecting' && this.connectedOnce) this.liveDelay = syncDelayMs + Math.random() * returnSpreadMs
      },
      onHistory: this.belongs,
      onEvents: (events) => this.apply(events),
      onLive: () => this.scheduleSync(this.liveDelay),
      onRefused: () => this.refused(),
      onTerminal: (code) => this.comeback.sentAway(code),
    })
    this.presence = new PresenceStore(
      async (ids) => (await this.socket.call<PresenceWatchReply>('presence.watch', { user_ids: ids })).online,
    )
    this.pulse = new Pulse({
      state: () => this.connection.state,
      ask: () => this.presence.check(),
      reconnect: () => this.socket.reconnect(),
    })
    this.connection.store.subscribe(({ lost }, before) => {
      if (lost && !before.lost) this.presence.forget()
    })
  }

  start(): void {
    this.socket.connect()
    // Makes good for a lost event: a refresh is never long away, and tells the account anew.
    this.forgetAccount = this.session.account.subscribe(({ me }) => me?.id === this.me.id && this.role.setState({ now: me.role }))
    addEventListener('online', this.onOnline)
    this.stopWatching = onWake(() => {
      this.pulse.woke()
      this.outbox.kick()
    })
    void this.outbox.restore()
    void this.sync()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.onOnline)
    this.forgetAccount()
    clearTimeout(this.syncTimer)
    this.stopWatching()
    clearTimeout(this.refusedTimer)
    this.comeback.close()
    this.presence.close()
    this.socket.close()
    this.outbox.close()
    this.typing.clear()
    this.connection.close()
    this.timelines.clear()
  }

  /** Tries once more to be one of the places in which Parley is open. */
  connectHere(): void {
    this.comeback.now()
  }

  /** Called for every message that arrives live, whoever wrote it. */
  onMessage(listener: (message: Message) => void): () => void {
    this.messageListeners.add(listener)
    return () => this.messageListeners.delete(listener)
  }

  /** The room list again, then whatever the loaded rooms missed. */
  async sync(): Promise<void> {
    this.rooms.retry()
    const asked = ++this.listsAsked
    try {
      const { items, history } = await data(this.api.GET('/api/v1/rooms'))
      if (this.stopped) return
      if (asked <= this.listsOld) {
        this.scheduleSync(0)
        return
      }
      this.belongs(history) // or not: the list is of the new one then, and the first thing of it
      this.listsOld = asked
      this.adoptRooms(items)
    } catch (error) {
      if (this.stopped) return
      this.rooms.fail()
      if (error instanceof ProblemError && error.retryAfterMs) {
        for (const [, { store }] of this.timelines.all()) store.doubt(true)
        this.notBefore = performance.now() + error.retryAfterMs
      }
      this.scheduleSync(retryDelay(error, listRetryMs))
    }
  }

  /** A room I have just created or joined. */
  enter(room: Room): void {
    this.listsOld = this.listsAsked
    this.rooms.put(room)
    this.socket.listenTo(this.rooms.ids())
  }

  leave(roomId: number): void {
    this.listsOld = this.listsAsked
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

  /** What I wrote I have read, also when I left the room before it was answered; unless others wrote before it what I have not. */
  private readOwn({ room_id, number, author_id }: Message): void {
    if (author_id === this.me.id && (this.rooms.get(room_id)?.last_read_number ?? 0) === number - 1) this.markRead(room_id, number)
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
    if (events.some((event) => event.type === 'account.updated')) void this.askForAccount()
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
          this.readOwn(message)
          for (const listener of this.messageListeners) listener(message)
        },
      },
      events,
    )
  }

  private async askForAccount(): Promise<void> {
    try {
      const me = await data(this.api.GET('/api/v1/me'))
      this.role.setState({ now: me.role })
      this.queries.setQueryData(meKey, me)
    } catch {
      // The next refresh of the session tells it too.
    }
  }

  private adoptRooms(items: readonly Room[]): void {
    this.rooms.replaceAll(items)
    this.socket.listenTo(this.rooms.ids())
    for (const [roomId, loader] of [...this.timelines.all()]) {
      const room = this.rooms.get(roomId)
      if (!room) continue
      const { status } = loader.store.snapshot()
      if (status === 'loading' || status === 'failed') {
        void loader.open(room)
        continue
      }
      loader.store.batch(() => {
        loader.store.noteLastNumber(room.last_number)
        loader.store.expect(room.revision)
        loader.store.doubt(false)
      })
      if (loader.store.isBehind) void loader.heal()
    }
    for (const roomId of [...this.marks.keys()]) void this.sendMark(roomId)
  }

  /** The earlier of two times stands: reasons that keep coming must not put it off for ever. No time is before the one that the server gave. */
  private scheduleSync(delay: number): void {
    const at = Math.max(performance.now() + delay, this.notBefore)
    if (this.stopped || (this.syncTimer !== undefined && this.syncAt <= at)) return
    clearTimeout(this.syncTimer)
    this.syncAt = at
    this.syncTimer = setTimeout(() => {
      this.syncTimer = undefined
      void this.sync()
    }, at - performance.now())
  }

  /** Whether something is of the history that is shown. The first one is; another one makes everything begin anew, but for what is still to be sent. */
  private belongs = (history: string | undefined): boolean => {
    if (history === undefined || history === this.history) return true
    const first = this.history === undefined
    this.history = history
    if (first) return true
    this.marks.clear()
    this.rooms.restart()
    this.timelines.restart()
    void this.queries.invalidateQueries()
    this.outbox.kick()
    this.scheduleSync(0)
    return false
  }

  private arrived(): void {
    this.connectedOnce = true
    this.refusedDelay = refusedMs
    this.comeback.arrived()
    this.outbox.kick()
  }

  /** The list says which rooms are mine. One that it has and the server refuses all the same is asked for less and less often. */
  private refused(): void {
    clearTimeout(this.refusedTimer)
    if (this.stopped) return
    this.refusedTimer = setTimeout(() => void this.sync(), this.refusedDelay * (1 + Math.random()))
    this.refusedDelay = Math.min(this.refusedDelay * 2, refusedMostMs)
  }

  /** An answer that takes long is waited for; meanwhile it is found out whether the connection is still there. */
  private async soon<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => void this.pulse.doubt(), doubtMs)
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }

  private onOnline = (): void => {
    this.outbox.kick()
    this.scheduleSync(syncDelayMs)
  }
}
