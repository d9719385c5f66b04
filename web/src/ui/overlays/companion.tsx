import { createContext, type ReactNode, useContext, useEffect, useId } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'

/** What may have to be asked above whatever dialog is open. It stands in the topmost one, or else in the page: a dialog takes what is outside for a way out. */
export const CompanionContext = createContext<ReactNode>(null)

const page = 'page'
const hosts = createStore<readonly string[]>(() => [page])

/** The place of the companion within a dialog, or on the page. */
export function Companion({ ofPage }: { ofPage?: boolean }) {
  const companion = useContext(CompanionContext)
  const own = useId()
  const id = ofPage ? page : own
  const hosting = companion !== null && !ofPage
  useEffect(() => {
    if (!hosting) return
    hosts.setState((open) => [...open, id], true)
    return () => hosts.setState((open) => open.filter((other) => other !== id), true)
  }, [hosting, id])
  const top = useStore(hosts, (open) => open.at(-1) === id)
  return top && companion !== null ? <CompanionContext value={null}>{companion}</CompanionContext> : null
}
