import { memo } from 'react'
import { useStore } from 'zustand'
import type { Room } from '@/data/types'
import { dateOf, dayOf, t, timeOf } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { MessageRow } from './message-row'
import { PendingRow } from './pending-row'
import type { Row } from './rows'
import styles from './transcript-row.module.css'

export const TranscriptRow = memo(function TranscriptRow({ row, room, editing }: { row: Row; room: Room; editing: number | undefined }) {
  switch (row.kind) {
    case 'origin':
      return <Origin room={room} />
    case 'day':
      return (
        <div role="separator" className={styles.day} aria-label={dayOf(row.at)}>
          {dayOf(row.at)}
        </div>
      )
    case 'unread':
      return (
        <div role="separator" className={styles.unread} aria-label={t.timeline.newSince(timeOf(row.since))}>
          <span>{t.timeline.newSince(timeOf(row.since))}</span>
        </div>
      )
    case 'gap':
      return <div className={styles.gap}>{t.timeline.gap(row.to - row.from + 1)}</div>
    case 'message':
      return (
        <MessageRow
          message={row.message}
          change={row.change}
          grouped={row.grouped}
          roomId={room.id}
          owner={room.role === 'owner'}
          editing={editing === row.message.number}
        />
      )
    case 'pending':
      return <PendingRow pending={row.pending} grouped={row.grouped} />
  }
})

function Origin({ room }: { room: Room }) {
  const { users } = useChat()
  users.need([room.created_by])
  const creator = useStore(users.store, (state) => state.users.get(room.created_by)?.display_name)
  return (
    <div className={styles.origin}>
      <h2>
        <bdi>{t.timeline.originTitle(room.name)}</bdi>
      </h2>
      <p>
        {t.timeline.origin(creator ?? t.timeline.someone, dateOf(room.created_at))} {room.last_number === 0 && t.timeline.originEmpty}
      </p>
    </div>
  )
}
