import { queryOptions } from '@tanstack/react-query'
import { type Api, data } from './api'
import type { components } from './api.gen'

export type TwoFactor = components['schemas']['TwoFactor']
export type TwoFactorSecret = components['schemas']['TwoFactorSecret']
export type Passkey = components['schemas']['Passkey']

export const twoFactorKey = ['two-factor'] as const
export const passkeysKey = ['passkeys'] as const

/** Asked for whenever it is looked at: another device may have changed it. */
export function twoFactorQuery(api: Api) {
  return queryOptions({ queryKey: twoFactorKey, queryFn: () => data(api.GET('/api/v1/me/two-factor')), staleTime: 0 })
}

export function passkeysQuery(api: Api) {
  return queryOptions({ queryKey: passkeysKey, queryFn: async () => (await data(api.GET('/api/v1/me/passkeys'))).items, staleTime: 0 })
}

/** What a form with a code sends, whichever of the two kinds was typed. */
export function codeOf(values: FormData): { code?: string; recovery_code?: string } {
  const code = values.get('code')
  return code === null ? { recovery_code: String(values.get('recovery_code')) } : { code: String(code) }
}
