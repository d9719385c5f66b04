import { Component, type ReactNode } from 'react'
import { t } from '@/i18n'
import { Button } from '@/ui/button'
import { Notice } from '@/ui/notice'
import styles from './app.module.css'

/** A defect shows a page with a way on, not a blank one. */
export class CrashBoundary extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false }

  static getDerivedStateFromError() {
    return { crashed: true }
  }

  override render() {
    if (!this.state.crashed) return this.props.children
    return (
      <main className={styles.full}>
        <Notice
          title={t.crash.title}
          actions={
            <Button look="solid" onClick={() => location.reload()}>
              {t.crash.reload}
            </Button>
          }
        >
          {t.crash.text}
        </Notice>
      </main>
    )
  }
}
