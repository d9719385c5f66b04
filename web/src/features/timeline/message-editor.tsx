import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import { countCharacters, limits, type Message } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { Button } from '@/ui/button'
import { toast } from '@/ui/toast'
import { stopEditing } from './editing-store'
import { explain } from './explain'
import styles from './message.module.css'

/** The message becomes a field in its own place. The change is shown before the server agrees, and taken back if it does not. */
export function MessageEditor({ message }: { message: Message }) {
  const chat = useChat()
  const field = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState(message.body)
  const over = countCharacters(text) - limits.body
  const ready = text.trim() !== '' && over <= 0

  useLayoutEffect(() => {
    const element = field.current
    if (!element) return
    element.focus({ preventScroll: true })
    element.setSelectionRange(element.value.length, element.value.length)
  }, [])

  const save = () => {
    if (!ready) return
    stopEditing()
    if (text === message.body) return
    chat.edit(message.room_id, message.number, text).catch((error) => toast(t.timeline.editFailed(explain(error))))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      stopEditing()
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      save()
    }
  }
  return (
    <div className={styles.editor}>
      <textarea
        ref={field}
        aria-label={t.timeline.editMessage}
        rows={1}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div>
        <small>{over > 0 ? t.composer.over(over) : t.timeline.editHint}</small>
        <Button onClick={stopEditing}>{t.cancel}</Button>
        <Button look="solid" aria-disabled={!ready} onClick={save}>
          {t.save}
        </Button>
      </div>
    </div>
  )
}
