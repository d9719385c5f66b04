import { lazy, Suspense } from 'react'
import { t } from '@/i18n'
import { words } from '@/i18n/proofs'
import { Dialog } from '@/ui/overlays'
import { Skeleton } from '@/ui/skeleton'
import styles from './account-dialog.module.css'
import { Devices } from './devices'
import { Email } from './email'
import { Identities } from './identities'
import { PasswordForm } from './password-form'

const TwoStep = lazy(() => import('./two-step'))
const Passkeys = lazy(() => import('./passkeys'))

/** My devices and what signs me in. */
export default function AccountDialog({ onClose, onSignOut }: { onClose: () => void; onSignOut?: () => void }) {
  return (
    <Dialog title={t.account.title} closeLabel={t.close} onClose={onClose}>
      <section className={styles.section}>
        <h3>{t.account.devices}</h3>
        <Devices onSignOut={onSignOut} />
      </section>
      <section className={styles.section}>
        <h3>{t.account.password}</h3>
        <PasswordForm />
      </section>
      <Email />
      <Suspense fallback={<Skeleton rows={2} label={t.loading} />}>
        <section className={styles.section}>
          <h3>{words.twoStep.title}</h3>
          <TwoStep />
        </section>
        <section className={styles.section}>
          <h3>{words.passkeys.title}</h3>
          <Passkeys />
        </section>
      </Suspense>
      <Identities />
    </Dialog>
  )
}
