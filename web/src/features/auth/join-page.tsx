import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { useInvitation } from '@/data/invitation'
import type { Session } from '@/data/session'
import { t } from '@/i18n'
import formStyles from '@/ui/form.module.css'
import { Gate } from './gate'
import styles from './gate.module.css'
import { SignUpForm } from './sign-up-form'

/** What an invite link opens. Its secret is in the fragment, and stays there until the account is made, so that loading again does no harm. */
export function JoinPage({ session }: { session: Session }) {
  const [token] = useState(() => location.hash.slice(1))
  const [, navigate] = useLocation()
  const state = useInvitation(token)
  if (state.status === 'refused') {
    return (
      <Gate title={t.auth.inviteOver} lead={t.auth.inviteProblems[state.problem.code] ?? state.problem.message}>
        <ToSignIn />
      </Gate>
    )
  }
  if (state.status === 'unreachable') {
    return (
      <Gate title={t.auth.inviteTitle} lead={t.notReachable}>
        <a href={`/join#${token}`} className={styles.other} onClick={() => location.reload()}>
          {t.tryAgain}
        </a>
      </Gate>
    )
  }
  const invitation = state.status === 'good' ? state.invitation : undefined
  const first = invitation?.role === 'owner'
  return (
    <Gate title={first ? t.auth.firstTitle : t.auth.inviteTitle} lead={invitation ? t.auth.invited(invitation) : t.auth.inviteAsking}>
      <SignUpForm session={session} invite={token} onDone={() => navigate('/', { replace: true })} />
      {!first && <ToSignIn />}
    </Gate>
  )
}

function ToSignIn() {
  return (
    <>
      <span className={formStyles.or}>{t.auth.or}</span>
      <Link href="/" className={styles.other}>
        {t.auth.toSignIn}
      </Link>
    </>
  )
}
