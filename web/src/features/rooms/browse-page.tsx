import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { ChevronLeft, Hash, Search } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { useStore } from 'zustand'
import { data } from '@/data/api'
import { browseQuery } from '@/data/queries'
import type { Room } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import pageStyles from '@/ui/page.module.css'
import { Skeleton } from '@/ui/skeleton'
import { toast } from '@/ui/toast'
import styles from './browse-page.module.css'
import headStyles from './room-header.module.css'
import { describe } from './use-form'

/** Every public room, and the way in. */
export default function BrowsePage() {
  const [query, setQuery] = useState('')
  const wanted = useDeferredValue(query.trim())
  return (
    <>
      <header className={headStyles.head}>
        <Link href="/" className={headStyles.back} aria-label={t.rooms.back}>
          <ChevronLeft size={20} />
        </Link>
        <h1>{t.rooms.browseTitle}</h1>
      </header>
      <div className={pageStyles.page}>
        <label className={pageStyles.search}>
          <Search size={16} aria-hidden="true" />
          <input
            type="search"
            aria-label={t.rooms.browseSearch}
            placeholder={t.rooms.browseSearch}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        <Rooms query={wanted} />
      </div>
    </>
  )
}

function Rooms({ query }: { query: string }) {
  const { api } = useChat()
  const {
    data: pages,
    isPending,
    isError,
    refetch,
    hasNextPage,
    fetchNextPage,
    isFetchingNextPage,
  } = useInfiniteQuery(browseQuery(api, query))
  if (isPending) return <Skeleton rows={6} label={t.loading} />
  if (isError) return <Notice actions={<Button onClick={() => void refetch()}>{t.tryAgain}</Button>}>{t.rooms.browseFailed}</Notice>
  const rooms = pages.pages.flatMap((page) => page.items)
  if (rooms.length === 0) return <Notice>{query ? t.rooms.browseNoMatch(query) : t.rooms.browseNone}</Notice>
  return (
    <>
      <ul className={styles.rooms}>
        {rooms.map((room) => (
          <RoomRow key={room.id} room={room} />
        ))}
      </ul>
      {hasNextPage && (
        <Button look="quiet" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t.rooms.more}
        </Button>
      )}
    </>
  )
}

function RoomRow({ room }: { room: Room }) {
  const chat = useChat()
  const [, navigate] = useLocation()
  const mine = useStore(chat.rooms.store, (state) => state.rooms.has(room.id))
  const join = useMutation({
    mutationFn: () => data(chat.api.POST('/api/v1/rooms/{room_id}/join', { params: { path: { room_id: room.id } } })),
    onSuccess: (joined) => {
      chat.enter(joined)
      navigate(`/rooms/${joined.id}`)
    },
    onError: (error) => toast(describe(error) ?? t.notReachable),
  })
  return (
    <li className={styles.room}>
      <Hash size={18} aria-hidden="true" />
      <div>
        <h2>
          <bdi>{room.name}</bdi>
        </h2>
        <p>
          {room.topic && <bdi>{room.topic}</bdi>}
          <span>{t.rooms.members(room.member_count)}</span>
        </p>
      </div>
      {mine ? (
        <Button aria-label={`${t.rooms.open} ${room.name}`} onClick={() => navigate(`/rooms/${room.id}`)}>
          {t.rooms.open}
        </Button>
      ) : (
        <Button look="solid" aria-label={`${t.rooms.join} ${room.name}`} busy={join.isPending} onClick={() => join.mutate()}>
          {t.rooms.join}
        </Button>
      )}
    </li>
  )
}
