import { useEffect, useSyncExternalStore } from 'react'
import { useChat } from '@/realtime/chat-context'

function subscribe(listener: () => void): () => void {
  addEventListener('focus', listener)
  addEventListener('blur', listener)
  document.addEventListener('visibilitychange', listener)
  return () => {
    removeEventListener('focus', listener)
    removeEventListener('blur', listener)
    document.removeEventListener('visibilitychange', listener)
  }
}

/** Whether somebody can be looking at this page. */
export const usePresent = (): boolean =>
  useSyncExternalStore(subscribe, () => document.visibilityState === 'visible' && document.hasFocus())

/** Marks the room read up to `number` while the person is looking at its end. */
export function useReading(roomId: number, number: number, atEnd: boolean): void {
  const chat = useChat()
  const present = usePresent()
  useEffect(() => {
    if (present && atEnd && number > 0) chat.markRead(roomId, number)
  }, [chat, roomId, number, atEnd, present])
}
