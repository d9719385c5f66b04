import { useEffect, useState } from 'react'
import { arrivalStore, forgetArrival } from '@/data/arrival'
import { useAuthOptions } from '@/data/options'
import { t } from '@/i18n'
import styles from './gate.module.css'

/** The ways in through other places. They are links and no requests: the browser goes there, and comes back signed in. */
export function Providers() {
  const providers = useAuthOptions()?.providers ?? []
  if (providers.length === 0) return null
  return (
    <div className={styles.alternative}>
      <span className={styles.or}>{t.auth.or}</span>
      {providers.map((provider) => (
        <a key={provider.id} href={`/auth/oidc/${provider.id}/start`} className={styles.other}>
          <span>
            {t.providers.continue} <bdi>{provider.name}</bdi>
          </span>
        </a>
      ))}
    </div>
  )
}

/** What a trip to a provider came to, if it came to nothing. */
export function useProviderProblem(): string | undefined {
  const [{ problem, provider }] = useState(arrivalStore.getState)
  useEffect(forgetArrival, [])
  const name = useAuthOptions()?.providers.find(({ id }) => id === provider)?.name
  return problem && t.providers.problem(problem, name ?? t.providers.provider)
}
