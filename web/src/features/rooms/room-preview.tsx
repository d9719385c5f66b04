import { useMutation, useQuery } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { data } from '@/data/api'
import { NetworkError } from '@/data/problem'
import { roomQuery } from '@/data/queries'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import { describe } from './use-form'

/** The address of a room one is not in: an open door, or a wall. */
export function RoomPreview({ roomId }: { roomId: number }) {
  const chat = useChat()
  const [, navigate] = useLocation()
  const room = useQuery(roomQuery(chat.api, roomId))
  const join = useMutation({
    mutationFn: () => data(chat.api.POST('/api/v1/rooms/{room_id}/join', { params: { path: { room_id: roomId } } })),
    onSuccess: (joined) => chat.enter(joined),
    onError: (error) => toast(describe(error) ?? t.notReachable),
  })
  if (room.isPending) return <Skeleton look="messages" rows={4} label={t.loading} />
  if (room.error instanceof NetworkError) {
    return (
      <Notice title={t.timeline.failedTitle} actions={<Button onClick={() => void room.refetch()}>{t.tryAgain}</Button>}>
        {t.notReachable}
      </Notice>
    )
  }
  if (room.isError) {
    return (
      <Notice title={t.rooms.missingTitle} actions={<Button onClick={() => navigate('/browse')}>{t.rooms.browseTitle}</Button>}>
        {t.rooms.missing}
      </Notice>
    )
  }
  return (
    <Notice
      title={t.rooms.joinTitle(room.data.name)}
      actions={
        <Button look="solid" busy={join.isPending} onClick={() => join.mutate()}>
          {join.isPending ? t.rooms.joining : t.rooms.join}
        </Button>
      }
    >
      {room.data.topic || t.rooms.members(room.data.member_count)}
    </Notice>
  )
}
