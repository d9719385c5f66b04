import { CSPProvider } from '@base-ui/react/csp-provider'
import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from '../icon-button'
import { Companion } from './companion'
import styles from './dialog.module.css'

interface Props {
  title: string
  description?: string
  closeLabel: string
  onClose: () => void
  children: ReactNode
}

/** A modal dialog: traps the focus, closes on Esc and outside presses, and gives the focus back. */
export function Dialog({ title, description, closeLabel, onClose, children }: Props) {
  return (
    <CSPProvider disableStyleElements>
      <Base.Root open onOpenChange={(open) => !open && onClose()}>
        <Base.Portal>
          <Base.Backdrop className={styles.veil} />
          <Base.Popup className={styles.popup}>
            <header className={styles.header}>
              <Base.Title className={styles.title}>{title}</Base.Title>
              <IconButton label={closeLabel} onClick={onClose}>
                <X size={18} />
              </IconButton>
            </header>
            {description && <Base.Description className={styles.description}>{description}</Base.Description>}
            {children}
            <Companion />
          </Base.Popup>
        </Base.Portal>
      </Base.Root>
    </CSPProvider>
  )
}
