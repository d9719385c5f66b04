import { queryOptions } from '@tanstack/react-query'
import { type Api, data } from './api'
import type { components } from './api.gen'

export type DeviceSession = components['schemas']['DeviceSession']
export type Identity = components['schemas']['Identity']
export type AccountNotice = components['schemas']['Notice']

export const sessionsKey = ['sessions'] as const
export const meKey = ['me'] as const
export const waysInKey = ['ways-in'] as const
export const noticesKey = ['notices'] as const

/** Where I am signed in. Asked for whenever it is looked at: a device that is not there any more must not be shown as one that is. */
export function sessionsQuery(api: Api) {
  return queryOptions({ queryKey: sessionsKey, queryFn: async () => (await data(api.GET('/api/v1/me/sessions'))).items, staleTime: 0 })
}

/** My account as it is now: an address is confirmed in another tab, or on another device. */
export function meQuery(api: Api) {
  return queryOptions({ queryKey: meKey, queryFn: () => data(api.GET('/api/v1/me')), staleTime: 0, refetchOnWindowFocus: true })
}

/** How I can get into my account. */
export function waysInQuery(api: Api) {
  return queryOptions({ queryKey: waysInKey, queryFn: () => data(api.GET('/api/v1/me/identities')), staleTime: 0 })
}

/** What I should look at about my account. An event says that there is more; coming back to the page makes good for a lost one. */
export function noticesQuery(api: Api) {
  return queryOptions({
    queryKey: noticesKey,
    queryFn: async () => (await data(api.GET('/api/v1/me/notices'))).items,
    staleTime: 60_000,
    refetchOnWindowFocus: true,
  })
}
