import { useStore } from 'zustand'
import { AccountNotices } from '@/features/settings'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import type { KeptOut } from '@/realtime/connection-store'
import { Button } from '@/ui/button'
import { Spinner } from '@/ui/spinner'
import styles from './connection-banner.module.css'

/**
 * Says that the connection has been away for a while and what waits for it, or why the server keeps this place out; and below, what there is to know about
 * one's account.
 */
export function ConnectionBanner() {
  const { connection, outbox } = useChat()
  const { lost, keptOut } = useStore(connection.store)
  const waiting = useStore(outbox.store, (state) => [...state.waiting.values()].filter((row) => row.refusal === undefined).length)
  return (
    <>
      <div role="status" data-connection-banner="">
        {keptOut && <KeptOutBanner why={keptOut} />}
        {lost && !keptOut && (
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

function KeptOutBanner({ why }: { why: KeptOut }) {
  const chat = useChat()
  const trying = useStore(chat.connection.store, ({ state }) => state === 'connecting')
  return (
    <div className={`${styles.banner} ${styles.keptOut}`}>
      <p>{t.connection[why]}</p>
      <Button look="quiet" busy={trying} onClick={() => chat.connectHere()}>
        {why === 'replaced' ? t.connection.useHere : t.tryAgain}
      </Button>
    </div>
  )
}
