import { createStore } from 'zustand/vanilla'
import type { Chat } from '@/realtime/chat'
import { focusComposer } from '@/ui/focus'

interface Editing {
  roomId: number
  number: number
}

/** The message that is being edited; one at a time in the whole client. */
export const editingStore = createStore<{ editing: Editing | undefined }>(() => ({ editing: undefined }))

export function startEditing(roomId: number, number: number): void {
  editingStore.setState({ editing: { roomId, number } })
}

export function stopEditing(): void {
  editingStore.setState({ editing: undefined })
  focusComposer()
}

/** Edits what I said last in the room, if it is loaded. */
export function editLastOwn(chat: Chat, roomId: number): boolean {
  const segments = chat.timelines.loaded(roomId)?.store.snapshot().segments ?? []
  for (const segment of segments.toReversed()) {
    const last = segment.findLast((message) => message.author_id === chat.me.id && !message.deleted_at)
    if (last) {
      startEditing(roomId, last.number)
      return true
    }
  }
  return false
}
