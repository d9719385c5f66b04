import { lazy, memo, Suspense, useState } from 'react'
import type { PendingChange } from '@/data/timeline/timeline-store'
import type { Message } from '@/data/types'
import { momentOf, t } from '@/i18n'
import { Markdown } from '@/markdown/markdown'
import { useChat } from '@/realtime/chat-context'
import { toast } from '@/ui/toast'
import { explain } from './explain'
import styles from './message.module.css'
import { MessageEditor } from './message-editor'
import { MessageFrame } from './message-frame'
import { MessageToolbar } from './message-toolbar'

const DeleteQuestion = lazy(() => import('./delete-question'))

interface Props {
  message: Message
  change: PendingChange | undefined
  grouped: boolean
  roomId: number
  owner: boolean
  editing: boolean
}

export const MessageRow = memo(function MessageRow({ message, change, grouped, roomId, owner, editing }: Props) {
  const chat = useChat()
  const [hovered, setHovered] = useState(false)
  const [focused, setFocused] = useState(false)
  const [asking, setAsking] = useState(false)
  const mine = message.author_id === chat.me.id
  const deleted = message.deleted_at !== undefined || change?.kind === 'delete'
  const remove = () => chat.delete(roomId, message.number).catch((error) => toast(t.timeline.deleteFailed(explain(error))))
  return (
    <MessageFrame
      author={message.author_id}
      at={message.created_at}
      grouped={grouped}
      data-message-id={message.id}
      data-number={message.number}
      data-client-key={message.client_key}
      // A finger that is lifted "leaves" before it clicks, so only a mouse hovers; a tap focuses.
      onPointerEnter={(event) => setHovered(event.pointerType === 'mouse')}
      onPointerLeave={() => setHovered(false)}
      onFocus={() => setFocused(true)}
      onBlur={(event) => setFocused(event.currentTarget.contains(event.relatedTarget))}
    >
      {(hovered || focused) && !deleted && !editing && (
        <MessageToolbar
          message={message}
          mine={mine}
          mayDelete={mine || owner}
          onDelete={(sure) => (sure ? void remove() : setAsking(true))}
        />
      )}
      {editing && !deleted ? <MessageEditor message={message} /> : <MessageBody message={message} change={change} deleted={deleted} />}
      {asking && (
        <Suspense>
          <DeleteQuestion onGo={() => void remove()} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </MessageFrame>
  )
})

function MessageBody({ message, change, deleted }: { message: Message; change: PendingChange | undefined; deleted: boolean }) {
  if (deleted) {
    return (
      <p className={styles.tombstone} data-body="">
        {t.timeline.deleted}
      </p>
    )
  }
  const changing = change?.kind === 'edit' ? change.body : undefined
  const edited = message.edited_at !== undefined || changing !== undefined
  return (
    <div className={edited ? styles.edits : undefined}>
      <div className={changing === undefined ? undefined : styles.changing} data-body="">
        <Markdown source={changing ?? message.body} cacheKey={changing === undefined ? `${message.id}:${message.revision}` : undefined} />
      </div>
      {edited && (
        <span className={styles.edited} title={message.edited_at && t.timeline.editedAt(momentOf(message.edited_at))}>
          {t.timeline.edited}
        </span>
      )}
    </div>
  )
}
