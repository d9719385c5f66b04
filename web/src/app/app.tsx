import { lazy, Suspense, useEffect } from 'react'
import { useLocation } from 'wouter'
import { useStore } from 'zustand'
import type { Session } from '@/data/session'
import { JoinPage, SignInPage, SignUpPage } from '@/features/auth'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import styles from './app.module.css'

/** Everything behind the door is one download; the sign-in page does not wait for it. */
export const loadInside = () => import('./inside')
const Inside = lazy(loadInside)

/** The pages that links in mails lead to. They are the same whether somebody is signed in or not. */
const Recovery = lazy(() => import('@/features/recovery'))
const recoveryPaths = ['/forgot', '/reset', '/verify']

const retryMs = 3000

export function App({ session }: { session: Session }) {
  const state = useStore(session.store)
  const [path] = useLocation()
  if (recoveryPaths.includes(path)) {
    return (
      <Suspense fallback={<main className={styles.full} aria-busy="true" aria-label={t.loading} />}>
        <Recovery path={path} />
      </Suspense>
    )
  }
  switch (state.status) {
    case 'starting':
      return <main className={styles.full} aria-busy="true" aria-label={t.loading} />
    case 'unreachable':
      return <Unreachable session={session} />
    case 'signed-out':
      if (path === '/join') return <JoinPage session={session} />
      return path === '/signup' ? <SignUpPage session={session} /> : <SignInPage session={session} expired={state.expired} />
    case 'signed-in':
      return (
        <Suspense fallback={<main className={styles.full} aria-busy="true" aria-label={t.loading} />}>
          <Inside key={state.user.id} session={session} me={state.user} />
        </Suspense>
      )
  }
}

function Unreachable({ session }: { session: Session }) {
  useEffect(() => {
    const timer = setInterval(() => void session.start(), retryMs)
    return () => clearInterval(timer)
  }, [session])
  return (
    <main className={styles.full}>
      <Notice title={t.auth.unreachableTitle} actions={<Button onClick={() => void session.start()}>{t.tryAgain}</Button>}>
        {t.auth.unreachable}
      </Notice>
    </main>
  )
}
