import { Centrifuge, type Subscription, UnauthorizedError } from 'centrifuge'
import { ProblemError } from '@/data/problem'
import type { ProblemBody, ServerEvent } from '@/data/types'
import type { Socket, SocketEvents } from './port'

/** The library's code for what was asked of it here. */
const byUs = 0

/** While a socket closes, the SDK may still have something to say, and the browser would complain of it in the console; it is lost in any case. */
class QuietWebSocket extends WebSocket {
  override send(data: Parameters<WebSocket['send']>[0]): void {
    if (this.readyState === WebSocket.OPEN) super.send(data)
  }
}

/** The one place that knows Centrifuge's protocol. */
export function openSocket(token: () => Promise<string>, events: SocketEvents): Socket {
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/socket`
  const rooms = new Map<number, Subscription>()
  const client = new Centrifuge(url, {
    name: 'web',
    websocket: QuietWebSocket,
    minReconnectDelay: 300,
    maxReconnectDelay: 15_000,
    timeout: 8000,
    getToken: async () => {
      try {
        return await token()
      } catch (error) {
        if (error instanceof ProblemError && error.status === 401) throw new UnauthorizedError('the session is over')
        throw error
      }
    },
  })
  const publish = (data: unknown) => {
    if (Array.isArray(data)) events.onEvents(data as ServerEvent[])
  }

  client.on('connecting', () => events.onState('connecting'))
  client.on('connected', (context) => {
    const { history } = (context.data ?? {}) as { history?: string }
    if (history) events.onHistory(history)
    events.onState('connected')
  })
  // It says this when it does not try again: because the server told it not to, but also when it met something that it does not understand.
  client.on('disconnected', ({ code }) => {
    if (code === byUs) return
    events.onState('disconnected')
    events.onTerminal(code)
  })
  client.on('publication', (context) => publish(context.data))
  client.on('message', (context) => publish(context.data))
  client.on('subscribed', () => events.onLive())

  const listen = (roomId: number): Subscription => {
    const subscription = client.newSubscription(`room:${roomId}`, { minResubscribeDelay: 300, maxResubscribeDelay: 15_000 })
    subscription.on('publication', (context) => publish(context.data))
    subscription.on('subscribed', () => events.onLive())
    subscription.on('unsubscribed', ({ code }) => {
      if (code !== byUs) events.onRefused()
    })
    subscription.subscribe()
    return subscription
  }

  return {
    connect: () => client.connect(),
    reconnect: () => {
      client.disconnect()
      client.connect()
    },
    close: () => {
      client.removeAllListeners()
      client.disconnect()
    },
    listenTo(roomIds) {
      const wanted = new Set(roomIds)
      client.startBatching()
      for (const [roomId, subscription] of rooms) {
        if (wanted.has(roomId)) continue
        subscription.unsubscribe()
        client.removeSubscription(subscription)
        rooms.delete(roomId)
      }
      for (const roomId of wanted) {
        const known = rooms.get(roomId)
        if (!known) rooms.set(roomId, listen(roomId))
        else if (known.state === 'unsubscribed') known.subscribe()
      }
      client.stopBatching()
    },
    async call<T>(method: string, params: object): Promise<T> {
      try {
        return (await client.rpc(method, params)).data as T
      } catch (error) {
        throw toProblem(error)
      }
    },
  }
}

/** A refused command carries a Problem as JSON text in its message. */
function toProblem(error: unknown): unknown {
  const { code, message } = error as { code?: number; message?: string }
  if (typeof code !== 'number' || code < 400 || typeof message !== 'string') return error
  try {
    return new ProblemError({ ...(JSON.parse(message) as Partial<ProblemBody>), status: code })
  } catch {
    return new ProblemError({ status: code, detail: message })
  }
}
