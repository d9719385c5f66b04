import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { createApi } from '@/data/api'
import { isTransient } from '@/data/problem'
import { proofStore } from '@/data/proof'
import type { Session } from '@/data/session'
import type { Me } from '@/data/types'
import { Reauthenticate } from '@/features/reauthentication'
import { Arrived } from '@/features/settings'
import { Chat } from '@/realtime/chat'
import { ChatContext } from '@/realtime/chat-context'
import { Companion, CompanionContext } from '@/ui/overlays/companion'
import { Toaster } from '@/ui/toast'
import { Shell } from './shell'
import { useTitle } from './use-title'

function build(session: Session, me: Me) {
  const queries = new QueryClient({
    defaultOptions: {
      queries: { retry: (count, error) => isTransient(error) && count < 2, refetchOnWindowFocus: false, staleTime: 15_000 },
    },
  })
  return { queries, chat: new Chat(me, session, createApi(session), queries) }
}

/** What a signed-in person sees. Its chat lives from mounting to unmounting: another person gets another one. */
export default function Inside({ session, me }: { session: Session; me: Me }) {
  const [parts, setParts] = useState<ReturnType<typeof build>>()
  useEffect(() => {
    const built = build(session, me)
    built.chat.start()
    setParts(built)
    return () => {
      built.chat.stop()
      proofStore.getState().wanted?.settle(false)
      built.queries.clear()
    }
  }, [session, me])
  if (!parts) return null
  const { chat, queries } = parts
  const signOut = async () => {
    // What is written on this device goes with the person who wrote it.
    chat.drafts.clear()
    await chat.outbox.discardAll()
    // Signed out here in any case; a server that could not be told lets the session lapse.
    await session.signOut().catch(() => {})
  }
  return (
    <QueryClientProvider client={queries}>
      <ChatContext value={chat}>
        <CompanionContext value={<Reauthenticate />}>
          <Title />
          <Shell onSignOut={() => void signOut()} />
          <Arrived />
          <Toaster />
          <Companion ofPage />
        </CompanionContext>
      </ChatContext>
    </QueryClientProvider>
  )
}

function Title() {
  useTitle()
  return null
}
