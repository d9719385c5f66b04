import { type RefObject, useEffect } from 'react'
import { isEditable } from '@/ui/focus'

/** A letter typed while nothing is being written belongs into the message. Focusing during keydown lets the letter itself follow. */
export function useTypeAnywhere(field: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (isEditable(event.target) || document.querySelector('[role="dialog"], [role="menu"]')) return
      field.current?.focus({ preventScroll: true })
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [field])
}
