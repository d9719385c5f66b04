import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { UserMinus } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { addMember, membersQuery, removeMember } from '@/data/queries'
import type { Member, Room } from '@/data/types'
import { Face } from '@/features/presence'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { IconButton } from '@/ui/icon-button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { AddMember } from './add-member'
import styles from './room-panel.module.css'
import { describe } from './use-form'

const Confirm = lazy(() => import('./confirm-dialog'))

export function Members({ room }: { room: Room }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const mayAdd = room.role === 'owner' || (room.kind === 'private' && room.role !== undefined)
  return (
    <section className={styles.members} aria-labelledby="members-title">
      <h3 id="members-title">
        {t.rooms.membersTitle} <span className="num">{room.member_count}</span>
      </h3>
      {mayAdd && <AddMember roomId={room.id} onAdded={(member) => addMember(queries, room.id, member)} />}
      <MemberList room={room} query={useInfiniteQuery(membersQuery(api, room.id))} />
    </section>
  )
}

type Query = ReturnType<typeof useInfiniteQuery<{ items: Member[]; has_more: boolean }>>

function MemberList({
  room,
  query,
}: {
  room: Room
  query: Pick<Query, 'isPending' | 'isError' | 'refetch' | 'hasNextPage' | 'fetchNextPage' | 'isFetchingNextPage'> & {
    data?: { pages: { items: Member[] }[] }
  }
}) {
  const [removing, setRemoving] = useState<Member>()
  if (query.isPending) return <Skeleton rows={5} label={t.loading} />
  if (query.isError) {
    return (
      <Notice quiet actions={<Button onClick={() => void query.refetch()}>{t.tryAgain}</Button>}>
        {t.rooms.membersFailed}
      </Notice>
    )
  }
  return (
    <>
      <ul>
        {query.data?.pages
          .flatMap((page) => page.items)
          .map((member) => (
            <MemberRow key={member.user.id} member={member} removable={room.role === 'owner'} onRemove={setRemoving} />
          ))}
      </ul>
      {query.hasNextPage && (
        <Button look="quiet" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t.rooms.more}
        </Button>
      )}
      {removing && <RemoveQuestion room={room} member={removing} onClose={() => setRemoving(undefined)} />}
    </>
  )
}

function MemberRow({ member, removable, onRemove }: { member: Member; removable: boolean; onRemove: (member: Member) => void }) {
  const { me } = useChat()
  const { user } = member
  const mine = user.id === me.id
  return (
    <li className={styles.member}>
      <Face id={user.id} name={user.display_name} said={t.presence.online} />
      <div>
        <b>
          <bdi>{user.display_name}</bdi>
        </b>
        <small>
          @{user.username}
          {mine && ` · ${t.rooms.you}`}
          {user.deactivated && ` · ${t.people.deactivated}`}
        </small>
      </div>
      {member.role === 'owner' && <span className={styles.role}>{t.rooms.owner}</span>}
      {removable && !mine && (
        <IconButton small label={t.rooms.remove(user.display_name)} onClick={() => onRemove(member)}>
          <UserMinus size={16} />
        </IconButton>
      )}
    </li>
  )
}

function RemoveQuestion({ room, member, onClose }: { room: Room; member: Member; onClose: () => void }) {
  const { api } = useChat()
  const queries = useQueryClient()
  const remove = async () => {
    try {
      await api.DELETE('/api/v1/rooms/{room_id}/members/{user_id}', { params: { path: { room_id: room.id, user_id: member.user.id } } })
      removeMember(queries, room.id, member.user.id)
    } catch (error) {
      toast(describe(error) ?? t.notReachable)
    }
  }
  return (
    <Suspense>
      <Confirm
        title={t.rooms.removeTitle(member.user.display_name)}
        description={t.rooms.removeHint}
        go={t.rooms.removeGo}
        cancel={t.cancel}
        closeLabel={t.close}
        onGo={() => void remove()}
        onClose={onClose}
      />
    </Suspense>
  )
}
