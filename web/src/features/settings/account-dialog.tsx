import { t } from '@/i18n'
import { Dialog } from '@/ui/overlays'
import styles from './account-dialog.module.css'
import { Devices } from './devices'
import { Identities } from './identities'
import { PasswordForm } from './password-form'

/** My devices and my password. */
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
      <Identities />
    </Dialog>
  )
}
