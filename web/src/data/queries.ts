import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { type Api, data } from './api'
import type { Member } from './types'

const membersPage = 200
const browsePage = 50

export const memberKey = (roomId: number) => ['members', roomId] as const

interface MemberPage {
  items: Member[]
  has_more: boolean
}

export function membersQuery(api: Api, roomId: number) {
  return infiniteQueryOptions({
    queryKey: memberKey(roomId),
    queryFn: ({ pageParam }): Promise<MemberPage> =>
      data(
        api.GET('/api/v1/rooms/{room_id}/members', {
          params: { path: { room_id: roomId }, query: { after: pageParam, limit: membersPage } },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last) => (last.has_more ? last.items.at(-1)?.user.id : undefined),
    staleTime: 60_000,
  })
}

type Members = InfiniteData<MemberPage, number>

/** Membership is told by events, so a busy room's list is kept, not asked for again by everybody who looks at it. */
export function addMember(queries: QueryClient, roomId: number, member: Member): void {
  queries.setQueryData<Members>(memberKey(roomId), (known) => {
    const last = known?.pages.at(-1)
    if (!known || !last || last.has_more || known.pages.some((page) => page.items.some((item) => item.user.id === member.user.id)))
      return known
    return { ...known, pages: known.pages.with(-1, { ...last, items: [...last.items, member] }) }
  })
}

export function removeMember(queries: QueryClient, roomId: number, userId: number): void {
  queries.setQueryData<Members>(
    memberKey(roomId),
    (known) =>
      known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.user.id !== userId) })) },
  )
}

export function browseQuery(api: Api, query: string) {
  return infiniteQueryOptions({
    queryKey: ['browse', query],
    queryFn: ({ pageParam }) =>
      data(
        api.GET('/api/v1/rooms/browse', {
          params: { query: { query: query || undefined, after: pageParam || undefined, limit: browsePage } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => (last.has_more ? last.items.at(-1)?.name : undefined),
  })
}

/** A room one is not in: public ones can be looked at before joining. */
export function roomQuery(api: Api, roomId: number) {
  return queryOptions({
    queryKey: ['room', roomId],
    queryFn: () => data(api.GET('/api/v1/rooms/{room_id}', { params: { path: { room_id: roomId } } })),
    retry: false,
  })
}
