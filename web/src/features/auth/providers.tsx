import { useEffect, useState } from 'react'
import { arrivalStore, forgetArrival } from '@/data/arrival'
import { useAuthOptions } from '@/data/options'
import type { Session } from '@/data/session'
import { t } from '@/i18n'
import formStyles from '@/ui/form.module.css'
import styles from './gate.module.css'

/**
 * The ways in through other places. They are links and no requests: the browser goes there, and comes back signed in. Before it goes, a session that
 * was left without the server's knowledge is ended: the new one would be taken for it.
 */
export function Providers({ session }: { session: Session }) {
  const providers = useAuthOptions()?.providers ?? []
  if (providers.length === 0) return null
  return (
    <div className={styles.alternative}>
      <span className={formStyles.or}>{t.auth.or}</span>
      {providers.map((provider) => (
        <a
          key={provider.id}
          href={`/auth/oidc/${provider.id}/start`}
          className={styles.other}
          onClick={(event) => {
            if (!session.leftOpen) return
            event.preventDefault()
            const { href } = event.currentTarget
            void session.start().then(() => session.leftOpen || location.assign(href))
          }}
        >
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
