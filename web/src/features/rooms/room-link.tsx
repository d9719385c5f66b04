import { Hash, Lock, PencilLine } from 'lucide-react'
import { memo, useId } from 'react'
import { Link } from 'wouter'
import { unreadCount } from '@/data/rooms-store'
import type { Room } from '@/data/types'
import { t } from '@/i18n'
import styles from './sidebar.module.css'

const most = 999

/** A room in the sidebar. Its name is the link's name; how much is unread describes it. */
export const RoomLink = memo(function RoomLink({ room, current, draft }: { room: Room; current: boolean; draft: boolean }) {
  const note = useId()
  const unread = unreadCount(room)
  const Icon = room.kind === 'private' ? Lock : Hash
  const about = [unread > 0 && t.rooms.unread(unread), draft && t.rooms.draft, room.kind === 'private' && t.rooms.private]
    .filter(Boolean)
    .join(', ')
  return (
    <>
      <Link
        href={`/rooms/${room.id}`}
        className={unread > 0 ? `${styles.link} ${styles.unread}` : styles.link}
        aria-current={current ? 'page' : undefined}
        aria-describedby={about ? note : undefined}
      >
        <Icon size={16} aria-hidden="true" />
        <span className={styles.name}>
          <bdi>{room.name}</bdi>
        </span>
        {draft && <PencilLine size={15} className={styles.draft} aria-hidden="true" />}
        {unread > 0 && (
          <span className={styles.count} aria-hidden="true">
            {unread > most ? `${most}+` : unread}
          </span>
        )}
      </Link>
      {about && (
        <span id={note} hidden>
          {about}
        </span>
      )}
    </>
  )
})
