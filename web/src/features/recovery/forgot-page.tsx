import { useState } from 'react'
import { Link } from 'wouter'
import { useAuthOptions } from '@/data/options'
import { post } from '@/data/session'
import { limits } from '@/data/types'
import { Gate, useAuthForm } from '@/features/auth'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import styles from './recovery.module.css'

/** Asks for a link to a new password. The answer says nothing of whether there is such an account, and so does the page. */
export function ForgotPage() {
  const options = useAuthOptions()
  const [sent, setSent] = useState(false)
  const { busy, faults, submit } = useAuthForm(
    async (values) => {
      await post<undefined>('/api/v1/auth/password-reset', { login: String(values.get('login')).trim() })
      setSent(true)
    },
    () => undefined,
  )
  if (options?.password_reset === false) {
    return (
      <Gate title={t.recovery.offTitle} lead={t.recovery.offLead}>
        <ToSignIn />
      </Gate>
    )
  }
  if (sent) return <Sent onAgain={() => location.reload()} />
  return (
    <Gate title={t.recovery.forgotTitle} lead={t.recovery.forgotLead}>
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
        <TextField
          label={t.recovery.login}
          name="login"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          maxLength={limits.email}
          error={faults.fields.get('login')}
        />
        <Button type="submit" look="solid" wide busy={busy}>
          {busy ? t.recovery.sending : t.recovery.send}
        </Button>
      </form>
      <ToSignIn />
    </Gate>
  )
}

function Sent({ onAgain }: { onAgain: () => void }) {
  return (
    <Gate title={t.recovery.sentTitle} lead={t.recovery.sentLead}>
      <p className={styles.hint}>{t.recovery.sentHint}</p>
      <Button wide autoFocus onClick={onAgain}>
        {t.recovery.again}
      </Button>
      <ToSignIn />
    </Gate>
  )
}

function ToSignIn() {
  return (
    <Link href="/" className={styles.other}>
      {t.auth.toSignIn}
    </Link>
  )
}
