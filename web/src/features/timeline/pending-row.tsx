import { CircleAlert, Clock } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { PendingMessage } from '@/data/timeline/timeline-store'
import { t } from '@/i18n'
import { Markdown } from '@/markdown/markdown'
import { useChat } from '@/realtime/chat-context'
import styles from './message.module.css'
import { MessageFrame } from './message-frame'

const looks = { sending: styles.sending, waiting: styles.waiting, failed: styles.failed, sent: undefined }

/** A message of mine that the room does not have yet. */
export function PendingRow({ pending, grouped }: { pending: PendingMessage; grouped: boolean }) {
  const { me, outbox } = useChat()
  const { clientKey, state } = pending
  return (
    <MessageFrame
      author={me.id}
      at={pending.createdAt}
      grouped={grouped}
      look={looks[state]}
      data-client-key={clientKey}
      data-state={state}
    >
      <div data-body="">
        <Markdown source={pending.body} cacheKey={clientKey} />
      </div>
      {state === 'sending' && <p className={`${styles.state} ${styles.late}`}>{t.timeline.sending}</p>}
      {state === 'waiting' && (
        <p className={styles.state}>
          <Clock size={14} aria-hidden="true" />
          {pending.retryAt ? <Countdown until={pending.retryAt} /> : t.timeline.waiting}
          <button type="button" onClick={() => void outbox.discard(clientKey)}>
            {t.timeline.discard}
          </button>
        </p>
      )}
      {state === 'failed' && (
        <p className={`${styles.state} ${styles.fail}`} role="alert">
          <CircleAlert size={14} aria-hidden="true" />
          {t.timeline.failed(pending.reason ?? '')}
          <button type="button" onClick={() => void outbox.retry(clientKey)}>
            {t.timeline.retry}
          </button>
          <button type="button" onClick={() => void outbox.discard(clientKey)}>
            {t.timeline.discard}
          </button>
        </p>
      )}
    </MessageFrame>
  )
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return <span className="num">{t.timeline.slowDown(Math.max(1, Math.ceil((until - now) / 1000)))}</span>
}
