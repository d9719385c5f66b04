import { createContext, useContext } from 'react'
import type { Chat } from './chat'

export const ChatContext = createContext<Chat | undefined>(undefined)

export function useChat(): Chat {
  const chat = useContext(ChatContext)
  if (!chat) throw new Error('useChat outside a signed-in page')
  return chat
}
