import { ArrowDown } from 'lucide-react'
import { useState } from 'react'
import { t } from '@/i18n'
import styles from './message-log.module.css'

/** The way back to the end, with how much has come in meanwhile. */
export function JumpPill({ atEnd, lastNumber, onJump }: { atEnd: boolean; lastNumber: number; onJump: () => void }) {
  const [seen, setSeen] = useState(lastNumber)
  if (atEnd && seen !== lastNumber) setSeen(lastNumber)
  if (atEnd) return null
  const fresh = lastNumber - seen
  return (
    <button type="button" className={styles.latest} onClick={onJump}>
      <ArrowDown size={15} aria-hidden="true" />
      {fresh > 0 ? t.timeline.newCount(fresh) : t.timeline.jump}
    </button>
  )
}
