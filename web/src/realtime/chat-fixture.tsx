import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { vi } from 'vitest'
import type { Api } from '@/data/api'
import { Session } from '@/data/session'
import type { Me, Room } from '@/data/types'
import { Chat } from './chat'
import { ChatContext } from './chat-context'

export const maya: Me = { id: 1, username: 'maya', display_name: 'Maya Okafor', role: 'member', created_at: '2026-11-20T09:00:00.000Z' }

export const releases: Room = {
  id: 7,
  name: 'releases',
  kind: 'public',
  topic: 'What ships',
  created_by: 1,
  created_at: '2026-11-20T09:00:00.000Z',
  active_at: '2026-11-20T09:00:00.000Z',
  last_number: 0,
  revision: 0,
  member_count: 2,
  role: 'member',
  last_read_number: 0,
}

type Call = (path: string, options: never) => Promise<{ data?: unknown }>

/** A whole chat for component tests: real stores, the API a set of functions, no socket. */
export function chatFixture(calls: Partial<Record<'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', Call>> = {}) {
  const missing: Call = async () => ({ data: { items: [], has_more: false, revision: 0 } })
  const api = { GET: missing, POST: missing, PATCH: missing, DELETE: missing, PUT: missing, ...calls } as unknown as Api
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }))
  const queries = new QueryClient()
  const chat = new Chat(maya, new Session(), api, queries)
  chat.users.put([{ id: 2, username: 'theo', display_name: 'Theo Lindqvist' }])
  chat.rooms.replaceAll([releases])
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>
      <ChatContext value={chat}>{children}</ChatContext>
    </QueryClientProvider>
  )
  return { chat, wrapper }
}
