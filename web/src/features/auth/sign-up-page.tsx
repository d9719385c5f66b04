import { Link } from 'wouter'
import { type AuthOptions, useAuthOptions } from '@/data/options'
import type { Session } from '@/data/session'
import { t } from '@/i18n'
import formStyles from '@/ui/form.module.css'
import { Gate } from './gate'
import styles from './gate.module.css'
import { SignUpForm } from './sign-up-form'

/** Whether a stranger may make an account, and if not, why. Until it is known they may: the server has the last word. */
export function whyNot(options: AuthOptions | undefined): string | undefined {
  if (!options || options.sign_up === 'open') return undefined
  if (options.first_account) return t.auth.setupNeeded
  return options.sign_up === 'invite' ? t.auth.inviteOnly : t.auth.closed
}

export function SignUpPage({ session }: { session: Session }) {
  const options = useAuthOptions()
  const refused = whyNot(options)
  const first = options?.first_account && !refused
  return (
    <Gate title={first ? t.auth.firstTitle : t.auth.signUpTitle} lead={refused ?? (first ? t.auth.firstLead : t.auth.signUpLead)}>
      {!refused && <SignUpForm session={session} />}
      <span className={formStyles.or}>{t.auth.or}</span>
      <Link href="/" className={styles.other}>
        {t.auth.toSignIn}
      </Link>
    </Gate>
  )
}
