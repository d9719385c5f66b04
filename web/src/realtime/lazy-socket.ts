import type { Socket, SocketEvents } from './port'

const retryMs = 2000

/** The socket's library is loaded after the first view: history comes by HTTP and need not wait for it. */
export function openSocketLater(token: () => Promise<string>, events: SocketEvents): Socket {
  let rooms: readonly number[] = []
  let socket: Socket | undefined
  let closed = false
  let loading = false

  const load = async (): Promise<void> => {
    loading = true
    while (!socket && !closed) {
      try {
        const { openSocket } = await import('./socket')
        if (closed) return
        socket = openSocket(token, events)
        socket.listenTo(rooms)
        socket.connect()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }

  return {
    connect: () => {
      if (socket) socket.connect()
      else if (!loading) void load()
    },
    reconnect: () => socket?.reconnect(),
    close: () => {
      closed = true
      socket?.close()
    },
    listenTo: (roomIds) => {
      rooms = roomIds
      socket?.listenTo(roomIds)
    },
    call: (method, params) => (socket ? socket.call(method, params) : Promise.reject(new Error('not connected yet'))),
  }
}
