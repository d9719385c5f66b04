import { useStore } from 'zustand'
import { AccountNotices } from '@/features/settings'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Spinner } from '@/ui/spinner'
import styles from './connection-banner.module.css'

/** Says that the connection has been away for a while, and what waits for it; and below, what there is to know about one's account. */
export function ConnectionBanner() {
  const { connection, outbox } = useChat()
  const lost = useStore(connection.store, (state) => state.lost)
  const waiting = useStore(outbox.store, (state) => [...state.waiting.values()].filter((row) => row.refusal === undefined).length)
  return (
    <>
      <div role="status" data-connection-banner="">
        {lost && (
          <p className={styles.banner}>
            <Spinner />
            {t.connection.reconnecting(waiting)}
          </p>
        )}
      </div>
      <AccountNotices />
    </>
  )
}
