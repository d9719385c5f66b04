import type { ReactNode } from 'react'
import { t } from '@/i18n'
import { Mark } from '@/ui/mark'
import styles from './gate.module.css'

/** The two pages before the door: a sheet with the form, and a scrap of talk overheard from inside. */
export function Gate({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <div className={styles.gate}>
      <main className={styles.sheet}>
        <div className={styles.form}>
          <Mark large />
          <h1>{title}</h1>
          <p>{lead}</p>
          {children}
          <small>{t.auth.note}</small>
        </div>
      </main>
      <aside className={styles.aside} aria-hidden="true">
        {t.overheard.map((line) => (
          <div key={line.said} className={styles.line}>
            <b>{line.who}</b>
            <span className={line.soft ? styles.soft : undefined}>{line.said}</span>
          </div>
        ))}
      </aside>
    </div>
  )
}
