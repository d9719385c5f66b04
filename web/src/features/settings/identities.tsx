import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { type Identity, waysInKey, waysInQuery } from '@/data/account'
import { data } from '@/data/api'
import { useAuthOptions } from '@/data/options'
import { ProblemError } from '@/data/problem'
import { momentOf, t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import styles from './account-dialog.module.css'
import { describe } from './describe'

/** My accounts at other places, which open this one too. There is nothing to see where there are no other places. */
export function Identities() {
  const { api } = useChat()
  const queries = useQueryClient()
  // The provider that waits for the password: a sign-in of a while ago is not enough for a new way in.
  const [asking, setAsking] = useState<string>()
  const providers = useAuthOptions()?.providers ?? []
  const ways = useQuery(waysInQuery(api))
  const connect = useMutation({
    mutationFn: ({ id, password }: { id: string; password?: string }) =>
      data(api.POST('/api/v1/me/identities', { body: { provider_id: id, current_password: password } })),
    onError: (error, { id }) => setAsking(error instanceof ProblemError && error.fields.has('current_password') ? id : undefined),
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
        <p role="alert" className={styles.alert}>
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
                <Button busy={busy} aria-label={t.providers.connectTo(name)} onClick={() => connect.mutate({ id })}>
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
      {asking && <Password busy={busy} error={connect.error} onPassword={(password) => connect.mutate({ id: asking, password })} />}
    </section>
  )
}

function Password({ busy, error, onPassword }: { busy: boolean; error: Error | null; onPassword: (password: string) => void }) {
  const fault = error instanceof ProblemError && error.code !== 'password_needed' ? error.fields.get('current_password') : undefined
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!busy) onPassword(String(new FormData(event.currentTarget).get('current')))
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField
        label={t.account.current}
        name="current"
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        hint={t.providers.passwordFirst}
        error={fault}
      />
      <div className={styles.actions}>
        <Button type="submit" look="solid" busy={busy}>
          {t.providers.connect}
        </Button>
      </div>
    </form>
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
