import { useEffect, useState } from 'react'
import type { Message } from '@/data/types'
import { t } from '@/i18n'
import { useChat } from '@/realtime/chat-context'

/** A screen reader is told about new messages in batches: a lively room must not talk over its reader. */
const batchMs = 1000
const maxSpoken = 2

export function Announcer({ roomId }: { roomId: number }) {
  const chat = useChat()
  const [text, setText] = useState('')
  useEffect(() => {
    let batch: Message[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const speak = () => {
      timer = undefined
      const name = (message: Message) => chat.users.get(message.author_id)?.display_name ?? t.timeline.someone
      setText(
        batch.length > maxSpoken
          ? t.timeline.announceMany(batch.length)
          : batch.map((message) => t.timeline.announce(name(message), message.body)).join('\n'),
      )
      batch = []
    }
    const stop = chat.onMessage((message) => {
      if (message.room_id !== roomId || message.author_id === chat.me.id) return
      batch.push(message)
      timer ??= setTimeout(speak, batchMs)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [chat, roomId])
  return (
    <div className="sr" aria-live="polite">
      {text}
    </div>
  )
}
