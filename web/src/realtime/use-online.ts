import { type RefObject, useEffect } from 'react'
import { useStore } from 'zustand'
import { useChat } from './chat-context'

const watched = new WeakMap<Element, (seen: boolean) => void>()
let observer: IntersectionObserver | undefined

/** One observer for all: a page has hundreds of rows. */
function observe(element: Element, seen: (seen: boolean) => void): () => void {
  observer ??= new IntersectionObserver((entries) => {
    for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting)
  })
  watched.set(element, seen)
  observer.observe(element)
  return () => {
    observer?.unobserve(element)
    watched.delete(element)
  }
}

/** Whether somebody is online. It is asked only while the element that shows them is seen. */
export function useOnline(id: number, ref: RefObject<Element | null>): boolean {
  const { presence } = useChat()
  useEffect(() => {
    const element = ref.current
    if (!element || typeof IntersectionObserver === 'undefined') return
    let hide: (() => void) | undefined
    const stop = observe(element, (seen) => {
      hide?.()
      hide = seen ? presence.show(id) : undefined
    })
    return () => {
      stop()
      hide?.()
    }
  }, [presence, id, ref])
  return useStore(presence.store, (state) => state.online.has(id))
}
