import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { message, messages } from '@/data/timeline/testing'
import type { Message, Room, ServerEvent } from '@/data/types'
import type { Chat } from './chat'
import { chatFixture, releases } from './chat-fixture'
import type { SocketEvents } from './port'

const socket = vi.hoisted(() => ({ events: undefined as SocketEvents | undefined, rooms: [] as readonly number[] }))

vi.mock('./lazy-socket', () => ({
  openSocketLater: (_token: unknown, events: SocketEvents) => {
    socket.events = events
    return {
      connect: () => {},
      close: () => {},
      listenTo: (rooms: readonly number[]) => {
        socket.rooms = rooms
      },
      call: () => Promise.reject(new Error('not connected')),
    }
  },
}))

let chat: Chat
let server: { history: string; messages: Message[]; rooms: (room: Room) => Room[] }
let lists: number

beforeEach(() => {
  vi.useFakeTimers()
  lists = 0
  server = { history: 'first', messages: messages(1, 9), rooms: (room) => [room] }
  const GET = async (path: string) => {
    const revision = server.messages.length
    const room = { ...releases, last_number: revision, revision, last_read_number: revision }
    const history = server.history
    if (path.endsWith('/rooms')) {
      lists++
      return { data: { items: server.rooms(room), history } }
    }
    return { data: { items: server.messages, has_more: false, revision, room, history } }
  }
  chat = chatFixture({ GET: GET as never }).chat
  chat.start()
})

afterEach(() => {
  chat.stop()
  vi.useRealTimers()
})

const shown = () =>
  chat.timelines
    .of(7)
    .store.snapshot()
    .segments.flat()
    .map((item) => item.body)

const bodies = (list: readonly Message[]) => list.map((item) => item.body)

async function opened(): Promise<void> {
  await vi.advanceTimersByTimeAsync(10)
  await chat.timelines.open(7, chat.rooms.get(7))
  expect(shown()).toEqual(bodies(server.messages))
}

describe('another history', () => {
  it('is told by the socket: what is shown begins anew, and goes on', async () => {
    await opened()
    chat.rooms.markRead(7, 9)
    server.history = 'second'
    server.messages = [...messages(1, 3), message(4, { body: 'said after the restore' })]
    socket.events!.onHistory('second')
    await vi.advanceTimersByTimeAsync(100)
    expect(shown()).toEqual(bodies(server.messages))
    expect(chat.rooms.get(7)).toMatchObject({ last_number: 4, revision: 4, last_read_number: 4 })
    const next = message(5, { body: 'live' })
    socket.events!.onEvents([
      { type: 'message.posted', room_id: 7, revision: 5, at: next.created_at, data: { message: next } } as ServerEvent,
    ])
    expect(shown().at(-1)).toBe('live')
  })

  it('is told by a list of changes before the socket is back', async () => {
    await opened()
    server.history = 'second'
    server.messages = messages(1, 3)
    chat.timelines.of(7).store.expect(20)
    await vi.advanceTimersByTimeAsync(1000)
    expect(shown()).toEqual(bodies(server.messages))
  })

  it('is the same one: nothing is asked for', async () => {
    await opened()
    const before = lists
    socket.events!.onHistory('first')
    await vi.advanceTimersByTimeAsync(5000)
    expect(lists).toBe(before)
  })
})

describe('the room list', () => {
  it('that was asked for before I came into a room does not take it away again', async () => {
    await opened()
    server.rooms = (room) => [room]
    const syncing = chat.sync()
    const made = { ...releases, id: 8, name: 'made meanwhile' }
    chat.enter(made)
    await syncing
    expect(chat.rooms.ids()).toContain(8)
    expect(socket.rooms).toContain(8)
    server.rooms = (room) => [room, made]
    await vi.advanceTimersByTimeAsync(100)
    expect(chat.rooms.ids()).toEqual([7, 8])
  })

  it('is asked for in the end, however often events are missed', async () => {
    await opened()
    const before = lists
    for (let i = 0; i < 40; i++) {
      socket.events!.onEvents([{ type: 'events.missed', at: releases.created_at } as ServerEvent])
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(lists).toBeGreaterThan(before)
  })
})

describe('what I wrote', () => {
  const posted = (number: number, author_id: number): ServerEvent => {
    const said = message(number, { author_id })
    return { type: 'message.posted', room_id: 7, revision: number, at: said.created_at, data: { message: said } } as ServerEvent
  }
  const unread = () => chat.rooms.get(7)!.last_number - chat.rooms.get(7)!.last_read_number!

  it('is not unread in a room that I have left meanwhile', async () => {
    await opened()
    socket.events!.onEvents([posted(10, chat.me.id)])
    expect(unread()).toBe(0)
  })

  it('does not mark what others wrote before it', async () => {
    await opened()
    socket.events!.onEvents([posted(10, 2), posted(11, chat.me.id)])
    expect(unread()).toBe(2)
  })
})
