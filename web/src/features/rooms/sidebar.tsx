import { Compass, Plus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useLocation } from 'wouter'
import { useStore } from 'zustand'
import { byName } from '@/data/rooms-store'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { Mark } from '@/ui/mark'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { RoomLink } from './room-link'
import styles from './sidebar.module.css'

const CreateRoomDialog = lazy(() => import('./create-room-dialog'))

export function Sidebar({ current, children }: { current: number | undefined; children: React.ReactNode }) {
  const [creating, setCreating] = useState(false)
  const [, navigate] = useLocation()
  return (
    <aside className={styles.side} aria-label={t.rooms.sidebar}>
      <div className={styles.team}>
        <Mark />
        <b>{t.appName}</b>
      </div>
      <nav className={styles.nav} aria-label={t.rooms.nav}>
        <div className={styles.heading}>
          <h2>{t.rooms.nav}</h2>
          <IconButton small label={t.rooms.browse} onClick={() => navigate('/browse')}>
            <Compass size={16} />
          </IconButton>
          <IconButton small label={t.rooms.create} onClick={() => setCreating(true)}>
            <Plus size={17} />
          </IconButton>
        </div>
        <RoomList current={current} />
      </nav>
      {children}
      {creating && (
        <Suspense>
          <CreateRoomDialog onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </aside>
  )
}

function RoomList({ current }: { current: number | undefined }) {
  const chat = useChat()
  const { status, rooms } = useStore(chat.rooms.store)
  const { drafts } = useStore(chat.drafts.store)
  if (status === 'loading') return <Skeleton rows={7} label={t.loading} />
  if (status === 'failed') {
    return (
      <Notice quiet actions={<Button onClick={() => void chat.sync()}>{t.tryAgain}</Button>}>
        {t.rooms.listFailed}
      </Notice>
    )
  }
  if (rooms.size === 0) {
    return (
      <Notice quiet>
        {t.rooms.none} {t.rooms.noneHint}
      </Notice>
    )
  }
  return (
    <ul>
      {byName(rooms).map((room) => (
        <li key={room.id}>
          <RoomLink room={room} current={room.id === current} draft={room.id !== current && drafts.has(room.id)} />
        </li>
      ))}
    </ul>
  )
}
