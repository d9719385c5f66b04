import { useEffect } from 'react'
import { tinykeys } from 'tinykeys'
import { useLocation } from 'wouter'
import { byName, unreadCount } from '@/data/rooms-store'
import { useChat } from '@/realtime/chat-context'

/** The panes in the order F6 walks them, each by what takes the focus in it. */
const panes = ['nav a[aria-current], nav a, nav button', '[role="log"]', '[data-composer]', 'aside[data-panel] button']

/** Keys that work everywhere: Alt with the arrows walks the rooms (with Shift the unread ones), F6 the panes. */
export function useShortcuts(current: number | undefined): void {
  const { rooms } = useChat()
  const [, navigate] = useLocation()
  useEffect(() => {
    const walk = (step: 1 | -1, unreadOnly: boolean) => (event: KeyboardEvent) => {
      const list = byName(rooms.store.getState().rooms)
      const at = list.findIndex((room) => room.id === current)
      const ordered = [...list.slice(at + 1), ...list.slice(0, Math.max(0, at))]
      const ahead = step === 1 ? ordered : ordered.reverse()
      const next = ahead.find((room) => !unreadOnly || unreadCount(room) > 0)
      event.preventDefault()
      if (next) navigate(`/rooms/${next.id}`)
    }
    const nextPane = (step: 1 | -1) => (event: KeyboardEvent) => {
      const here = panes.map((selector) => document.querySelector<HTMLElement>(selector)).filter((pane) => pane?.checkVisibility())
      const at = here.findIndex(
        (pane) => pane === document.activeElement || pane?.closest('nav, [role="log"], form, aside')?.contains(document.activeElement),
      )
      event.preventDefault()
      here.at((at + step + here.length) % here.length)?.focus()
    }
    return tinykeys(window, {
      'Alt+ArrowDown': walk(1, false),
      'Alt+ArrowUp': walk(-1, false),
      'Alt+Shift+ArrowDown': walk(1, true),
      'Alt+Shift+ArrowUp': walk(-1, true),
      F6: nextPane(1),
      'Shift+F6': nextPane(-1),
    })
  }, [rooms, current, navigate])
}
