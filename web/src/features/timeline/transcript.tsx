import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { unreadCount } from '@/data/rooms-store'
import type { Room } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import { Skeleton } from '@/ui/skeleton'
import { Announcer } from './announcer'
import { MessageLog } from './message-log'
import { positionOf } from './positions'
import { RowBuilder } from './rows'
import { useUnreadLine } from './use-unread-line'

/** One room's conversation. Mounted anew for every visit to a room. */
export function Transcript({ room }: { room: Room }) {
  const chat = useChat()
  const loader = chat.timelines.of(room.id)
  const { store } = loader
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot)
  const [builder] = useState(() => new RowBuilder(chat.me.id))
  const [atEnd, setAtEnd] = useState(() => unreadCount(room) === 0 && !positionOf(room.id)?.top)
  const unreadAfter = useUnreadLine(room, store, atEnd)
  const { segments, pending, changes, lastNumber } = snapshot
  const rows = useMemo(
    () => builder.build({ segments, pending, changes, lastNumber }, unreadAfter),
    [builder, segments, pending, changes, lastNumber, unreadAfter],
  )

  // The room as it was on entering decides where it opens; later changes of it must not load again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useEffect(() => {
    void chat.timelines.open(room.id, room)
    return () => chat.timelines.rest(room.id)
  }, [chat, room.id])

  if (snapshot.status === 'failed') {
    return (
      <Notice title={t.timeline.failedTitle} actions={<Button onClick={() => void loader.open(room)}>{t.tryAgain}</Button>}>
        {t.notReachable}
      </Notice>
    )
  }
  if (snapshot.status !== 'ready') return <Skeleton look="messages" rows={6} label={t.loading} />
  return (
    <>
      <MessageLog room={room} loader={loader} snapshot={snapshot} rows={rows} atEnd={atEnd} onAtEnd={setAtEnd} />
      <Announcer roomId={room.id} />
    </>
  )
}
