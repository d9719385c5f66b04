import { ArrowUp } from 'lucide-react'
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef } from 'react'
import { useStore } from 'zustand'
import { countCharacters, limits, type Room } from '@/data/types'
import { editLastOwn } from '@/features/timeline'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'
import { focusComposer, isTouch } from '@/ui/focus'
import styles from './composer.module.css'
import { useTypeAnywhere } from './use-type-anywhere'

/** From here on the counter shows how much is left. */
const counterFrom = limits.body - 500

/** Where messages are written. The text is the room's draft, so it is still there after a reload or a look elsewhere. */
export function Composer({ room }: { room: Room }) {
  const chat = useChat()
  const field = useRef<HTMLTextAreaElement>(null)
  const text = useStore(chat.drafts.store, (state) => state.drafts.get(room.id) ?? '')
  const length = text.length < counterFrom ? 0 : countCharacters(text)
  const over = length - limits.body
  const ready = text.trim() !== '' && over <= 0

  useGrowing(field, text)
  useTypeAnywhere(field)
  useEffect(() => {
    if (room.id) focusComposer()
  }, [room.id])

  const send = () => {
    if (!ready) return
    chat.send(room.id, text.trim())
    chat.drafts.set(room.id, '')
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes, Enter chooses a candidate. Safari ends the composition before the key event, hence the old code 229.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault()
      send()
    } else if (event.key === 'ArrowUp' && text === '' && editLastOwn(chat, room.id)) {
      event.preventDefault()
    }
  }
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <textarea
        ref={field}
        data-composer=""
        rows={1}
        aria-label={t.composer.label(room.name)}
        aria-describedby="composer-hint"
        aria-invalid={over > 0 || undefined}
        placeholder={t.composer.label(room.name)}
        value={text}
        enterKeyHint="enter"
        onChange={(event) => {
          chat.drafts.set(room.id, event.target.value)
          if (event.target.value.trim() !== '') chat.typed(room.id)
        }}
        onKeyDown={onKeyDown}
      />
      <div className={styles.tools}>
        {length >= counterFrom && (
          <span className={over > 0 ? `${styles.counter} ${styles.over}` : styles.counter} role="status">
            {over > 0 ? t.composer.over(over) : t.composer.left(-over)}
          </span>
        )}
        <span id="composer-hint" className={styles.hint}>
          <b>{t.composer.hintSend}</b> {t.composer.hintSendDo} · <b>{t.composer.hintLine}</b> {t.composer.hintLineDo}
        </span>
        <button type="submit" className={styles.send} aria-label={t.composer.send} title={t.composer.send} aria-disabled={!ready}>
          <ArrowUp size={18} />
        </button>
      </div>
    </form>
  )
}

/** The field is as tall as its text; the style sheet says where that ends. */
function useGrowing(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what makes it grow.
  useLayoutEffect(() => {
    const element = field.current
    if (!element || CSS.supports?.('field-sizing', 'content')) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [field, text])
}
