import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type Identity, waysInKey, waysInQuery } from '@/data/account'
import { data } from '@/data/api'
import { useAuthOptions } from '@/data/options'
import { momentOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import formStyles from '@/ui/form.module.css'
import styles from './account-dialog.module.css'
import { describe } from './describe'

/** My accounts at other places, which open this one too. There is nothing to see where there are no other places. */
export function Identities() {
  const { api } = useChat()
  const queries = useQueryClient()
  const providers = useAuthOptions()?.providers ?? []
  const ways = useQuery(waysInQuery(api))
  const connect = useMutation({
    mutationFn: (id: string) => data(api.POST('/api/v1/me/identities', { body: { provider_id: id } })),
    onSuccess: ({ location: there }) => location.assign(there),
  })
  const disconnect = useMutation({
    mutationFn: (id: number) => api.DELETE('/api/v1/me/identities/{identity_id}', { params: { path: { identity_id: id } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: waysInKey }),
  })
  const items = ways.data?.items ?? []
  if (providers.length === 0 && items.length === 0) return null
  const fault = describe(ways.error ?? connect.error ?? disconnect.error)
  const busy = ways.isPending || connect.isPending || connect.isSuccess || disconnect.isPending
  const only = ways.data?.has_password === false && items.length === 1
  const drop = (identity: Identity, name: string) => (
    <Button busy={busy} aria-label={t.providers.disconnectFrom(name)} onClick={() => disconnect.mutate(identity.id)}>
      {t.providers.disconnect}
    </Button>
  )
  return (
    <section className={styles.section}>
      <h3>{t.providers.title}</h3>
      {fault && (
        <p role="alert" className={formStyles.alert}>
          {fault}
        </p>
      )}
      <ul className={styles.devices}>
        {providers.map(({ id, name }) => {
          const identity = items.find((item) => item.provider_id === id)
          return (
            <Row key={id} name={name} identity={identity}>
              {identity ? (
                only ? (
                  <span className={styles.here}>{t.providers.only}</span>
                ) : (
                  drop(identity, name)
                )
              ) : (
                <Button busy={busy} aria-label={t.providers.connectTo(name)} onClick={() => connect.mutate(id)}>
                  {t.providers.connect}
                </Button>
              )}
            </Row>
          )
        })}
        {items
          .filter((item) => !providers.some(({ id }) => id === item.provider_id))
          .map((item) => (
            <Row key={item.id} name={t.providers.unknown} identity={item}>
              {drop(item, item.label || t.providers.unknown)}
            </Row>
          ))}
      </ul>
    </section>
  )
}

function Row({ name, identity, children }: { name: string; identity?: Identity; children: ReactNode }) {
  return (
    <li className={styles.device}>
      <div>
        <b>
          <bdi>{name}</bdi>
        </b>
        <small>{identity ? t.providers.connectedAs(identity.label, momentOf(identity.used_at)) : t.providers.notConnected}</small>
      </div>
      {children}
    </li>
  )
}
