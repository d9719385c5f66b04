import { useState } from 'react'
import type { TimelineStore } from '@/data/timeline/timeline-store'
import type { Room } from '@/data/types'
import { useChat } from '@/realtime/chat-context'
import { usePresent } from './use-reading'

/**
 * After which message the line "New since" stands. It is drawn on entering a room with unread messages, or when something arrives while nobody
 * is looking; once drawn it stays until the room is left, or until it would have to be drawn further down.
 */
export function useUnreadLine(room: Room, store: TimelineStore, atEnd: boolean): number | undefined {
  const chat = useChat()
  const lastRead = room.last_read_number ?? 0
  const [line, setLine] = useState(() => (lastRead > 0 && room.last_number > lastRead ? lastRead : undefined))
  const present = usePresent()
  const { lastNumber } = store.snapshot()
  const looking = present && atEnd
  if (!looking && lastRead < lastNumber && (line === undefined || lastRead > line) && hasOthers(store, chat.me.id, lastRead, lastNumber)) {
    setLine(lastRead)
  }
  return line
}

function hasOthers(store: TimelineStore, me: number, after: number, last: number): boolean {
  for (let number = last; number > after; number--) {
    const message = store.find(number)
    if (message && message.author_id !== me) return true
  }
  return false
}
