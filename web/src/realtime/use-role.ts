import { useStore } from 'zustand'
import type { ServerRole } from '@/data/people'
import { useChat } from './chat-context'

/** What I may do with the server, as it is now. */
export function useRole(): ServerRole {
  return useStore(useChat().role, ({ now }) => now)
}
