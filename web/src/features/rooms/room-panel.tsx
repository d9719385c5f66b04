import { LogOut, Pencil, X } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useLocation } from 'wouter'
import { useStore } from 'zustand'
import { isTransient } from '@/data/problem'
import type { Room } from '@/data/types'
import { dateOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { toast } from '@/ui/toast'
import { Members } from './members'
import styles from './room-panel.module.css'
import { describe } from './use-form'

const EditRoomDialog = lazy(() => import('./edit-room-dialog'))
const Confirm = lazy(() => import('./confirm-dialog'))

type Question = 'edit' | 'leave' | undefined

/** What the room is for, who is in it, and the way out. */
export function RoomPanel({ room }: { room: Room }) {
  const [, navigate] = useLocation()
  const [question, setQuestion] = useState<Question>()
  const close = () => setQuestion(undefined)
  const leave = useLeave(room)
  return (
    <>
      <header className={styles.head}>
        <h2>{t.rooms.details}</h2>
        <IconButton label={t.close} onClick={() => navigate(`/rooms/${room.id}`)}>
          <X size={18} />
        </IconButton>
      </header>
      <div className={styles.content}>
        <About room={room} onEdit={() => setQuestion('edit')} />
        <Members room={room} />
        <Button look="quiet" onClick={() => setQuestion('leave')}>
          <LogOut size={16} aria-hidden="true" />
          {t.rooms.leave}
        </Button>
      </div>
      <Suspense>
        {question === 'edit' && <EditRoomDialog room={room} onClose={close} />}
        {question === 'leave' && (
          <Confirm
            title={t.rooms.leaveTitle(room.name)}
            description={room.kind === 'public' ? t.rooms.leaveHintPublic : t.rooms.leaveHintPrivate}
            go={t.rooms.leaveGo}
            cancel={t.cancel}
            closeLabel={t.close}
            onGo={() => void leave()}
            onClose={close}
          />
        )}
      </Suspense>
    </>
  )
}

function About({ room, onEdit }: { room: Room; onEdit: () => void }) {
  const { users } = useChat()
  const creator = useStore(users.store, (state) => state.users.get(room.created_by)?.display_name)
  return (
    <section className={styles.about}>
      <h3>{t.rooms.about}</h3>
      <p>{room.topic ? <bdi>{room.topic}</bdi> : t.rooms.noTopic}</p>
      <small>{t.rooms.createdBy(creator ?? t.timeline.someone, dateOf(room.created_at))}</small>
      {room.role === 'owner' && (
        <Button onClick={onEdit}>
          <Pencil size={15} aria-hidden="true" />
          {t.rooms.rename}
        </Button>
      )}
    </section>
  )
}

function useLeave(room: Room) {
  const chat = useChat()
  const [, navigate] = useLocation()
  return async () => {
    try {
      await chat.api.POST('/api/v1/rooms/{room_id}/leave', { params: { path: { room_id: room.id } } })
      chat.leave(room.id)
      navigate('/')
    } catch (error) {
      toast(isTransient(error) ? t.notReachable : (describe(error) ?? t.notReachable))
    }
  }
}
