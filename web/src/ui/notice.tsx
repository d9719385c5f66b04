import type { ReactNode } from 'react'
import styles from './notice.module.css'

/** A page or a pane that has nothing to show, or could not show it: says so, and offers the next step. */
export function Notice({
  title,
  children,
  actions,
  quiet,
}: {
  title?: string
  children?: ReactNode
  actions?: ReactNode
  quiet?: boolean
}) {
  return (
    <div className={quiet ? `${styles.notice} ${styles.quiet}` : styles.notice}>
      {title && <h2>{title}</h2>}
      {children && <p>{children}</p>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  )
}
