import { useState } from 'react'
import { post } from '@/data/session'
import { Gate, useAuthForm } from '@/features/auth'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { Over } from './over'
import styles from './recovery.module.css'

/** Confirms an address. A person does it, by a button: programs that look into mail follow links too. */
export function VerifyPage({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const [over, setOver] = useState<{ token: string; text: string }>()
  const { busy, faults, submit } = useAuthForm(
    async () => {
      await post<undefined>('/api/v1/auth/email/confirm', { token })
      setDone(true)
    },
    (problem) => {
      if (problem.code === 'ticket_over') setOver({ token, text: t.recovery.overVerify })
      if (problem.code === 'email_taken') setOver({ token, text: t.recovery.taken })
      return undefined
    },
  )
  if (token === '' || over?.token === token) {
    return (
      <Over text={over?.text ?? t.recovery.overVerify} href="/">
        {t.recovery.toApp}
      </Over>
    )
  }
  if (done) {
    return (
      <Gate title={t.recovery.verifiedTitle} lead={t.recovery.verifiedLead}>
        <a href="/" className={styles.go}>
          {t.recovery.toApp}
        </a>
      </Gate>
    )
  }
  return (
    <Gate title={t.recovery.verifyTitle} lead={t.recovery.verifyLead}>
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
        <Button type="submit" look="solid" wide busy={busy} autoFocus>
          {busy ? t.recovery.verifying : t.recovery.verify}
        </Button>
      </form>
    </Gate>
  )
}
