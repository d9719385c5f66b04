import { useInfiniteQuery } from '@tanstack/react-query'
import { ChevronLeft, Lock, PanelRight } from 'lucide-react'
import { Link, useLocation } from 'wouter'
import { membersQuery } from '@/data/queries'
import type { Room } from '@/data/types'
import { Face } from '@/features/presence'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { IconButton } from '@/ui/icon-button'
import styles from './room-header.module.css'

const shownFaces = 3

export function RoomHeader({ room, panelOpen }: { room: Room; panelOpen: boolean }) {
  const [, navigate] = useLocation()
  const toggle = () => navigate(panelOpen ? `/rooms/${room.id}` : `/rooms/${room.id}/details`)
  return (
    <header className={styles.head}>
      <Link href="/" className={styles.back} aria-label={t.rooms.back}>
        <ChevronLeft size={20} />
      </Link>
      <h1>
        {room.kind === 'private' ? <Lock size={17} aria-label={t.rooms.private} /> : <i>#</i>}
        <bdi>{room.name}</bdi>
      </h1>
      {room.topic && (
        <p className={styles.topic} title={room.topic}>
          <bdi>{room.topic}</bdi>
        </p>
      )}
      <div className={styles.actions}>
        <Faces room={room} onOpen={toggle} />
        <IconButton label={t.rooms.details} on={panelOpen} aria-expanded={panelOpen} onClick={toggle}>
          <PanelRight size={18} />
        </IconButton>
      </div>
    </header>
  )
}

function Faces({ room, onOpen }: { room: Room; onOpen: () => void }) {
  const { api } = useChat()
  const { data } = useInfiniteQuery(membersQuery(api, room.id))
  const faces = data?.pages[0]?.items.slice(0, shownFaces) ?? []
  return (
    <button type="button" className={styles.faces} onClick={onOpen}>
      {faces.map((member) => (
        <Face key={member.user.id} id={member.user.id} name={member.user.display_name} size="sm" />
      ))}
      <span className="num">
        {room.member_count}
        <span className="sr"> {t.rooms.membersWord(room.member_count)}</span>
      </span>
    </button>
  )
}
