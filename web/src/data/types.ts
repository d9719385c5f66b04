import type { components } from './api.gen'

type Schemas = components['schemas']

export type Me = Schemas['Me']
export type User = Schemas['User']
export type Room = Schemas['Room']
export type RoomKind = Schemas['RoomKind']
export type Member = Schemas['Member']
export type Message = Schemas['Message']
export type MessagePage = Schemas['MessagePage']
export type ChangePage = Schemas['ChangePage']
export type SessionAnswer = Schemas['Session']
export type PresenceWatchReply = Schemas['PresenceWatchReply']
export type ProblemBody = Schemas['Problem']
export type ServerEvent = Schemas['Event']
/** An event that happened in a room. */
export type RoomEvent = Extract<ServerEvent, { room_id: number }>

/** The limits the server enforces, so that a person is told before sending. */
export const limits = {
  body: 8000,
  roomName: 80,
  topic: 250,
  username: 32,
  displayName: 64,
  email: 254,
  passwordMin: 10,
  passwordMax: 256,
} as const

/** The server counts characters, not UTF-16 units: an emoji is one or a few, never a surprise. */
export function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
