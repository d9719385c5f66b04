import { Button } from '../button'
import { Dialog } from './dialog'
import styles from './dialog.module.css'

interface Props {
  title: string
  description: string
  go: string
  cancel: string
  closeLabel: string
  onGo: () => void
  onClose: () => void
}

/** Asks before what cannot be taken back. */
export function Confirm({ title, description, go, cancel, closeLabel, onGo, onClose }: Props) {
  return (
    <Dialog title={title} description={description} closeLabel={closeLabel} onClose={onClose}>
      <div className={styles.actions}>
        <Button onClick={onClose}>{cancel}</Button>
        <Button
          look="danger"
          onClick={() => {
            onClose()
            onGo()
          }}
        >
          {go}
        </Button>
      </div>
    </Dialog>
  )
}
