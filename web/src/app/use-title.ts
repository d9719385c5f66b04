import { useEffect } from 'react'
import { useStore } from 'zustand'
import { unreadCount } from '@/data/rooms-store'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'

/** How much is unread, in the tab's title. */
export function useTitle(): void {
  const { rooms } = useChat()
  const unread = useStore(rooms.store, (state) => [...state.rooms.values()].reduce((sum, room) => sum + unreadCount(room), 0))
  useEffect(() => {
    document.title = t.title(unread)
    return () => {
      document.title = t.title(0)
    }
  }, [unread])
}
