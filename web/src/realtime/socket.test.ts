import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SocketEvents } from './port'
import { openSocket } from './socket'

/** What the library says, without the library. */
class Emitter {
  private readonly listeners = new Map<string, (context: unknown) => void>()
  state = 'unsubscribed'
  on = (event: string, listener: (context: unknown) => void) => this.listeners.set(event, listener)
  emit = (event: string, context: unknown = {}) => this.listeners.get(event)?.(context)
  connect = vi.fn()
  disconnect = vi.fn(() => this.emit('disconnected', { code: 0 }))
  startBatching = vi.fn()
  stopBatching = vi.fn()
  subscribe = vi.fn()
  newSubscription = vi.fn(() => subscription)
}

const { client, subscription } = vi.hoisted(() => ({ client: {} as Emitter, subscription: {} as Emitter }))
vi.mock('centrifuge', () => ({
  Centrifuge: function Centrifuge() {
    return client
  },
  UnauthorizedError: Error,
}))

let events: { [name in keyof SocketEvents]: ReturnType<typeof vi.fn> }
let socket: ReturnType<typeof openSocket>

beforeEach(() => {
  Object.assign(client, new Emitter())
  Object.assign(subscription, new Emitter())
  events = { onState: vi.fn(), onHistory: vi.fn(), onEvents: vi.fn(), onLive: vi.fn(), onRefused: vi.fn(), onTerminal: vi.fn() }
  socket = openSocket(async () => 'token', events as unknown as SocketEvents)
})
afterEach(() => vi.restoreAllMocks())

it.each([4529, 3501, 1, 2])('says that it does not come back by itself (%i)', (code) => {
  client.emit('disconnected', { code })
  expect(events.onState).toHaveBeenCalledWith('disconnected')
  expect(events.onTerminal).toHaveBeenCalledWith(code)
})

it('does not take its own reconnecting for an end', () => {
  socket.reconnect()
  expect(client.disconnect).toHaveBeenCalledOnce()
  expect(client.connect).toHaveBeenCalledOnce()
  expect(events.onTerminal).not.toHaveBeenCalled()
  expect(events.onState).not.toHaveBeenCalled()
})

it('says when a room is taken away or refused, not when it is left', () => {
  socket.listenTo([7])
  subscription.emit('unsubscribed', { code: 0 })
  expect(events.onRefused).not.toHaveBeenCalled()
  subscription.emit('unsubscribed', { code: 2000 })
  subscription.emit('unsubscribed', { code: 403 })
  expect(events.onRefused).toHaveBeenCalledTimes(2)
})
