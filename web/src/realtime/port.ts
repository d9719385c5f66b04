import type { ServerEvent } from '@/data/types'

export type SocketState = 'connecting' | 'connected' | 'disconnected'

export interface SocketEvents {
  onState(state: SocketState): void
  /** The history that the server is of, said before anything else of a connection. */
  onHistory(history: string): void
  /** The events of one publication, oldest first. */
  onEvents(events: readonly ServerEvent[]): void
  /** A channel is live again; whatever was said before may have been missed. */
  onLive(): void
  /** A channel was taken away, or refused: what this client believes of it is not what the server does. */
  onRefused(): void
  /** The connection ended and does not come back by itself; the code says why. */
  onTerminal(code: number): void
}

/** Codes with which the server closes a socket beyond what one person may have. */
export const tooManyConnections = 4540
export const replacedByNewer = 4541
/** The code for who sends too much, again and again. */
export const stayAway = 4529
/** The code for whose session was ended: by themselves elsewhere, by an admin, or because a copy of it was used. */
export const sessionEnded = 3550

/** What the rest of the client knows of the realtime connection. */
export interface Socket {
  connect(): void
  /** Gives the connection up, whatever it looks like, for a new one at once. */
  reconnect(): void
  close(): void
  /** Makes these the rooms that are listened to. */
  listenTo(roomIds: readonly number[]): void
  call<T>(method: string, params: object): Promise<T>
}
