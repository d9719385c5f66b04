import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { sessionsKey, waysInKey, waysInQuery } from '@/data/account'
import { ProblemError } from '@/data/problem'
import { limits } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import styles from './account-dialog.module.css'
import { describe } from './describe'

/** A new password signs every other device out; the form says so before and after. */
export function PasswordForm() {
  const { api, me } = useChat()
  const queries = useQueryClient()
  // Whoever came through a provider sets a first password.
  const first = useQuery(waysInQuery(api)).data?.has_password === false
  const change = useMutation({
    mutationFn: (form: HTMLFormElement) => {
      const values = new FormData(form)
      return api.POST('/api/v1/me/password', {
        body: { current_password: String(values.get('current') ?? ''), new_password: String(values.get('next')) },
      })
    },
    onSuccess: (_, form) => {
      form.reset()
      return Promise.all([sessionsKey, waysInKey].map((queryKey) => queries.invalidateQueries({ queryKey })))
    },
  })
  const faults = change.error instanceof ProblemError ? change.error.fields : undefined
  const general = describe(change.error)
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (!change.isPending) change.mutate(event.currentTarget)
  }
  return (
    <form className={formStyles.section} onSubmit={submit}>
      {general && (
        <p role="alert" className={formStyles.alert}>
          {general}
        </p>
      )}
      {/* Tells password managers whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={me.username} readOnly />
      {!first && (
        <TextField
          label={t.account.current}
          name="current"
          type="password"
          autoComplete="current-password"
          required
          error={faults?.get('current_password')}
        />
      )}
      <TextField
        label={t.account.next}
        name="next"
        type="password"
        autoComplete="new-password"
        required
        maxLength={limits.passwordMax}
        hint={t.account.nextHint}
        error={faults?.get('new_password')}
      />
      <div className={formStyles.actions}>
        <Button type="submit" look="solid" busy={change.isPending}>
          {first ? t.account.set : t.account.change}
        </Button>
      </div>
      <p role="status" className={styles.done}>
        {change.isSuccess && t.account.changed}
      </p>
    </form>
  )
}
