import { useState } from 'react'
import { post } from '@/data/session'
import { Gate, PasswordField, useAuthForm } from '@/features/auth'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { Over } from './over'
import styles from './recovery.module.css'

/** A new password, for whoever has the link. It does not sign in: an account may ask for a second proof. */
export function ResetPage({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const [over, setOver] = useState<string>()
  const { busy, faults, submit } = useAuthForm(
    async (values) => {
      await post<undefined>('/api/v1/auth/password-reset/confirm', { token, password: String(values.get('password')) })
      setDone(true)
    },
    (problem) => {
      if (problem.code === 'ticket_over') setOver(token)
      return undefined
    },
  )
  if (token === '' || over === token) {
    return (
      <Over text={t.recovery.overReset} href="/forgot">
        {t.recovery.askAgain}
      </Over>
    )
  }
  if (done) {
    return (
      <Gate title={t.recovery.doneTitle} lead={t.recovery.doneLead}>
        {/* A new page: what this one knows of a session is over. */}
        <a href="/" className={styles.go}>
          {t.recovery.toSignIn}
        </a>
      </Gate>
    )
  }
  return (
    <Gate title={t.recovery.resetTitle} lead={t.recovery.resetLead}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        {faults.general && (
          <p className={styles.alert} role="alert">
            {faults.general}
          </p>
        )}
        <PasswordField fresh hint={t.auth.passwordHint} error={faults.fields.get('password')} />
        <Button type="submit" look="solid" wide busy={busy}>
          {busy ? t.recovery.saving : t.recovery.save}
        </Button>
      </form>
    </Gate>
  )
}
