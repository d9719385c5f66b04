import { lazy, Suspense } from 'react'
import { useStore } from 'zustand'
import { proofStore } from '@/data/proof'

const ProofDialog = lazy(() => import('./proof-dialog'))

/** Asks who is there before something grave, when the server wants to know; what waits goes on by itself. */
export function Reauthenticate() {
  const wanted = useStore(proofStore, (state) => state.wanted)
  return (
    wanted && (
      <Suspense>
        <ProofDialog ways={wanted.ways} onSettled={wanted.settle} />
      </Suspense>
    )
  )
}
