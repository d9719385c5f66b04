import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { meKey, meQuery } from '@/data/account'
import { useAuthOptions } from '@/data/options'
import { ProblemError } from '@/data/problem'
import { limits } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import { Confirm } from '@/ui/overlays'
import styles from './account-dialog.module.css'
import { describe } from './describe'

/** My address, whether it is confirmed, and the way to another one. There is nothing to see where the server sends no mail. */
export function Email() {
  const { api } = useChat()
  const queries = useQueryClient()
  const [changing, setChanging] = useState(false)
  const [removing, setRemoving] = useState(false)
  const sends = useAuthOptions()?.password_reset
  const me = useQuery({ ...meQuery(api), enabled: sends === true }).data
  const resend = useMutation({ mutationFn: () => api.POST('/api/v1/me/email/resend') })
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/me/email'),
    onSuccess: () => queries.invalidateQueries({ queryKey: meKey }),
  })
  if (!sends || !me) return null
  const fault = describe(resend.error ?? remove.error)
  const changed = () => {
    setChanging(false)
    resend.reset()
    remove.reset()
    return queries.invalidateQueries({ queryKey: meKey })
  }
  return (
    <section className={styles.section}>
      <h3>{t.email.title}</h3>
      {fault && (
        <p role="alert" className={formStyles.alert}>
          {fault}
        </p>
      )}
      {!me.email && !me.pending_email && <p className={styles.done}>{t.email.none}</p>}
      {(me.email || me.pending_email) && (
        <ul className={styles.devices}>
          {me.email && <Address address={me.email} state={t.email.confirmed} />}
          {me.pending_email && <Address address={me.pending_email} state={t.email.pending} />}
        </ul>
      )}
      {changing ? (
        <Change onDone={changed} onCancel={() => setChanging(false)} />
      ) : (
        <div className={formStyles.actions}>
          {me.pending_email && (
            <Button busy={resend.isPending} onClick={() => resend.mutate()}>
              {t.email.resend}
            </Button>
          )}
          {(me.email || me.pending_email) && (
            <Button busy={remove.isPending} onClick={() => setRemoving(true)}>
              {t.email.remove}
            </Button>
          )}
          <Button onClick={() => setChanging(true)}>{me.email || me.pending_email ? t.email.change : t.email.add}</Button>
        </div>
      )}
      <p role="status" className={styles.done}>
        {resend.isSuccess && t.email.resent}
        {remove.isSuccess && !me.email && !me.pending_email && t.email.removed}
      </p>
      {removing && (
        <Confirm
          title={t.email.removeTitle}
          description={t.email.removeHint}
          go={t.email.remove}
          cancel={t.cancel}
          closeLabel={t.close}
          onGo={() => remove.mutate()}
          onClose={() => setRemoving(false)}
        />
      )}
    </section>
  )
}

function Address({ address, state }: { address: string; state: string }) {
  return (
    <li className={styles.device}>
      <div>
        <b>{address}</b>
        <small>{state}</small>
      </div>
    </li>
  )
}

function Change({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { api } = useChat()
  const change = useMutation({
    mutationFn: (form: HTMLFormElement) => {
      const values = new FormData(form)
      return api.PUT('/api/v1/me/email', {
        body: { email: String(values.get('email')).trim() },
      })
    },
    onSuccess: onDone,
  })
  const faults = change.error instanceof ProblemError ? change.error.fields : undefined
  const general = describe(change.error)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!change.isPending) change.mutate(event.currentTarget)
  }
  return (
    <form className={formStyles.section} aria-label={t.email.title} onSubmit={submit}>
      {general && (
        <p role="alert" className={formStyles.alert}>
          {general}
        </p>
      )}
      <TextField
        label={t.email.address}
        name="email"
        type="email"
        autoComplete="email"
        autoFocus
        required
        maxLength={limits.email}
        hint={t.email.addressHint}
        error={faults?.get('email')}
      />
      <div className={formStyles.actions}>
        <Button onClick={onCancel}>{t.cancel}</Button>
        <Button type="submit" look="solid" busy={change.isPending}>
          {t.email.save}
        </Button>
      </div>
    </form>
  )
}
