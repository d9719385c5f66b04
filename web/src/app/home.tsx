import { Redirect, useLocation } from 'wouter'
import { useStore } from 'zustand'
import { byName } from '@/data/rooms-store'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { lastRoom } from './last-room'

/** The address without a room: on a wide screen the room one was in last, on a phone the list. */
export function Home() {
  const chat = useChat()
  const [, navigate] = useLocation()
  const { status, rooms } = useStore(chat.rooms.store)
  if (status !== 'ready') return null
  const last = lastRoom(chat.me.id)
  const room = (last !== undefined && rooms.get(last)) || byName(rooms)[0]
  if (!room) {
    return (
      <Notice title={t.rooms.none} actions={<Button onClick={() => navigate('/browse')}>{t.rooms.browseTitle}</Button>}>
        {t.rooms.noneHint}
      </Notice>
    )
  }
  if (matchMedia('(min-width: 721px)').matches) return <Redirect to={`/rooms/${room.id}`} replace />
  return <Notice title={t.rooms.chooseTitle}>{t.rooms.choose}</Notice>
}
