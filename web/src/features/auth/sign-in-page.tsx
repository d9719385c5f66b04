import { lazy, Suspense, useState } from 'react'
import { Link } from 'wouter'
import { useAuthOptions } from '@/data/options'
import { passkeysWork } from '@/data/passkeys-work'
import type { SecondFactorChallenge, Session } from '@/data/session'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { TextField } from '@/ui/field'
import formStyles from '@/ui/form.module.css'
import { Gate } from './gate'
import styles from './gate.module.css'
import { PasswordField } from './password-field'
import { Providers, useProviderProblem } from './providers'
import { whyNot } from './sign-up-page'
import { useAuthForm } from './use-auth-form'

const SecondStep = lazy(() => import('./second-step'))
const PasskeyButton = lazy(() => import('./passkey-button'))

export function SignInPage({ session, expired }: { session: Session; expired: boolean }) {
  const [challenge, setChallenge] = useState<SecondFactorChallenge>()
  const [over, setOver] = useState(false)
  const back = (late: boolean) => {
    setChallenge(undefined)
    setOver(late)
  }
  if (challenge) {
    return (
      <Suspense>
        <SecondStep session={session} challenge={challenge} onBack={back} />
      </Suspense>
    )
  }
  return (
    <FirstStep session={session} notice={over ? t.auth.secondStepOver : expired ? t.auth.expired : undefined} onChallenge={setChallenge} />
  )
}

interface FirstStepProps {
  session: Session
  notice: string | undefined
  onChallenge: (challenge: SecondFactorChallenge) => void
}

function FirstStep({ session, notice: before, onChallenge }: FirstStepProps) {
  const { busy, faults, submit } = useAuthForm(
    async (values) => {
      const challenge = await session.signIn(String(values.get('username')).trim(), String(values.get('password')))
      if (challenge) onChallenge(challenge)
    },
    (problem) => (problem.status === 401 ? t.auth.wrongPair : undefined),
  )
  const problem = useProviderProblem()
  const notice = faults.general ?? problem ?? before
  return (
    <Gate title={t.auth.signInTitle} lead={t.auth.signInLead}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit(event.currentTarget)
        }}
      >
        {notice && (
          <p className={styles.alert} role="alert">
            {notice}
          </p>
        )}
        <TextField
          label={t.auth.username}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          error={faults.fields.get('username')}
        />
        <PasswordField error={faults.fields.get('password')} />
        <Link href="/forgot" className={styles.forgot}>
          {t.recovery.forgot}
        </Link>
        <Button type="submit" look="solid" wide busy={busy}>
          {busy ? t.auth.signingIn : t.auth.signIn}
        </Button>
      </form>
      <WithPasskey session={session} />
      <Providers session={session} />
      <ToSignUp />
    </Gate>
  )
}

/** The other way in, where server and browser know it. Its place is kept until it is there, so that nothing moves. */
function WithPasskey({ session }: { session: Session }) {
  const offered = useAuthOptions()?.passkeys
  if (offered === false || !passkeysWork()) return null
  const place = <span className={styles.place} />
  return offered ? (
    <Suspense fallback={place}>
      <PasskeyButton session={session} />
    </Suspense>
  ) : (
    place
  )
}

/** The way to an account of one's own. It keeps its place while nobody knows yet whether there is one, so that nothing moves. */
function ToSignUp() {
  const options = useAuthOptions()
  const refused = whyNot(options)
  if (refused) return <p className={styles.instead}>{refused}</p>
  return (
    <div className={styles.alternative} data-waiting={options === undefined || undefined}>
      {!options?.providers.length && <span className={formStyles.or}>{t.auth.or}</span>}
      <Link href="/signup" className={styles.other}>
        {t.auth.toSignUp}
      </Link>
    </div>
  )
}
