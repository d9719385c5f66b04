import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { Gate } from '@/features/auth'
import { t } from '@/i18n'
import styles from './recovery.module.css'

/** A link that was used, is too old, or was replaced. */
export function Over({ text, href, children }: { text: string; href: string; children: ReactNode }) {
  return (
    <Gate title={t.recovery.overTitle} lead={text}>
      <Link href={href} className={styles.go}>
        {children}
      </Link>
    </Gate>
  )
}
