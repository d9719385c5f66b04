import { useStore } from 'zustand'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import styles from './typing-line.module.css'

const maxNames = 3
const nobody: readonly number[] = []

export function TypingLine({ roomId }: { roomId: number }) {
  const { typing, users } = useChat()
  const ids = useStore(typing.store, (state) => state.rooms.get(roomId) ?? nobody)
  const known = useStore(users.store, (state) => state.users)
  const names = ids.slice(0, maxNames).map((id) => known.get(id)?.display_name ?? t.timeline.someone)
  return (
    <div role="status" className={styles.typing}>
      {names.length > 0 && (
        <>
          <span className={styles.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span>{t.timeline.typing(names, ids.length - names.length)}</span>
        </>
      )}
    </div>
  )
}
