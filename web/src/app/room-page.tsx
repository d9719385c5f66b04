import { useEffect } from 'react'
import { useStore } from 'zustand'
import { Composer } from '@/features/composer'
import { RoomHeader, RoomPanel, RoomPreview } from '@/features/rooms'
import { Transcript, TypingLine } from '@/features/timeline'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Skeleton } from '@/ui/skeleton'
import { ConnectionBanner } from './connection-banner'
import { rememberRoom } from './last-room'
import styles from './shell.module.css'

export function RoomPage({ roomId, panelOpen }: { roomId: number; panelOpen: boolean }) {
  const chat = useChat()
  const room = useStore(chat.rooms.store, (state) => state.rooms.get(roomId))
  const loading = useStore(chat.rooms.store, (state) => state.status !== 'ready')
  useEffect(() => rememberRoom(chat.me.id, roomId), [chat, roomId])
  if (!room) {
    return (
      <main className={styles.sheet}>
        <ConnectionBanner />
        {loading ? <Skeleton look="messages" rows={6} label={t.loading} /> : <RoomPreview roomId={roomId} />}
      </main>
    )
  }
  return (
    <>
      <main className={styles.sheet}>
        <RoomHeader room={room} panelOpen={panelOpen} />
        <ConnectionBanner />
        <Transcript room={room} />
        <div className={styles.dock}>
          <TypingLine roomId={room.id} />
          <Composer room={room} />
        </div>
      </main>
      {panelOpen && (
        <aside data-panel="" className={`${styles.sheet} ${styles.panel}`} aria-label={t.rooms.details}>
          <RoomPanel room={room} />
        </aside>
      )}
    </>
  )
}
