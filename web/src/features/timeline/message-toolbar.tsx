import { Copy, Pencil, Trash2 } from 'lucide-react'
import type { Message } from '@/data/types'
import { t } from '@/i18n'
import { IconButton } from '@/ui/icon-button'
import { toast } from '@/ui/toast'
import { startEditing } from './editing-store'
import styles from './message.module.css'

interface Props {
  message: Message
  mine: boolean
  mayDelete: boolean
  /** With Shift held the question is skipped: for those who tidy up a lot. */
  onDelete: (sure: boolean) => void
}

/** What can be done with a message. It floats above the row, so showing it moves nothing. */
export function MessageToolbar({ message, mine, mayDelete, onDelete }: Props) {
  const copy = async () => {
    await navigator.clipboard.writeText(message.body)
    toast(t.timeline.copied)
  }
  return (
    <div className={styles.bar} role="toolbar" aria-label={t.timeline.actions}>
      <IconButton label={t.timeline.copyMessage} onClick={() => void copy()}>
        <Copy size={17} />
      </IconButton>
      {mine && (
        <IconButton label={t.timeline.editMessage} onClick={() => startEditing(message.room_id, message.number)}>
          <Pencil size={17} />
        </IconButton>
      )}
      {mayDelete && (
        <IconButton label={t.timeline.deleteMessage} onClick={(event) => onDelete(event.shiftKey)}>
          <Trash2 size={17} />
        </IconButton>
      )}
    </div>
  )
}
