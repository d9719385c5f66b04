import { passkeysWork } from '@/data/passkeys-work'
import type { SecondFactorChallenge, Session } from '@/data/session'
import { codeOf } from '@/data/two-factor'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { Button } from '@/ui/button'
import { CodeField } from '@/ui/code-field'
import { Gate } from './gate'
import styles from './gate.module.css'
import PasskeyButton from './passkey-button'
import { useAuthForm } from './use-auth-form'

interface Props {
  session: Session
  challenge: SecondFactorChallenge
  /** Back to the password; because the time is up when `over`. */
  onBack: (over: boolean) => void
}

/** The second step of a sign-in, for accounts that have one. */
export default function SecondStep({ session, challenge, onBack }: Props) {
  const { busy, faults, submit } = useAuthForm(
    (values) => session.signInWith(challenge.ticket, codeOf(values)),
    (problem) => {
      if (problem.code === 'ticket_over') onBack(true)
      return undefined
    },
  )
  return (
    <Gate title={words.twoStep.stepTitle} lead={words.twoStep.stepLead}>
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
        <CodeField faults={faults.fields} recovery={challenge.methods.includes('recovery_code')} autoFocus />
        <Button type="submit" look="solid" wide busy={busy}>
          {busy ? t.auth.signingIn : t.auth.signIn}
        </Button>
      </form>
      {challenge.methods.includes('passkey') && passkeysWork() && <PasskeyButton session={session} />}
      <Button look="quiet" onClick={() => onBack(false)}>
        {words.twoStep.back}
      </Button>
    </Gate>
  )
}
