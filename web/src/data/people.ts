import { infiniteQueryOptions } from '@tanstack/react-query'
import { type Api, data } from './api'
import type { components } from './api.gen'

type Schemas = components['schemas']

export type Person = Schemas['Person']
export type ServerRole = Schemas['ServerRole']
export type Invite = Schemas['Invite']
export type CreateInviteInput = Schemas['CreateInviteInput']

const page = 50

export const peopleKey = ['people'] as const
export const invitesKey = ['invites'] as const

/** Everybody with an account whose name has a text in it, by username. Nobody tells of new ones, so it is asked for whenever it is looked at. */
export function peopleQuery(api: Api, query: string) {
  return infiniteQueryOptions({
    queryKey: [...peopleKey, query],
    queryFn: ({ pageParam }) =>
      data(
        api.GET('/api/v1/admin/people', {
          params: { query: { query: query || undefined, after: pageParam || undefined, limit: page } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => (last.has_more ? last.items.at(-1)?.username : undefined),
    staleTime: 0,
    refetchOnWindowFocus: true,
  })
}

/** Invites, the newest first. How often one was used changes without a word, so it is asked for again when one comes back to the page. */
export function invitesQuery(api: Api) {
  return infiniteQueryOptions({
    queryKey: invitesKey,
    queryFn: ({ pageParam }) =>
      data(api.GET('/api/v1/admin/invites', { params: { query: { before: pageParam || undefined, limit: page } } })),
    initialPageParam: 0,
    getNextPageParam: (last) => (last.has_more ? last.items.at(-1)?.id : undefined),
    staleTime: 0,
    refetchOnWindowFocus: true,
  })
}

/** The secret stands behind '#', which no browser sends anywhere. */
export const inviteLink = (token: string): string => `${location.origin}/join#${token}`

/** What the server lets a role do, so that nobody is offered what would be refused. */
export const may = {
  manage: (role: ServerRole) => role !== 'member',
  inviteAs: (role: ServerRole): ServerRole[] => (role === 'owner' ? ['member', 'admin'] : ['member']),
  govern: (role: ServerRole, other: ServerRole) => role === 'owner' || (role === 'admin' && other === 'member'),
}
