import type { ReactVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useState } from 'react'
import type { TimelineLoader } from '@/data/timeline/timeline-loader'
import type { TimelineSnapshot } from '@/data/timeline/timeline-store'
import type { Row } from './rows'

/** Ask for more when fewer rows than this are left above. */
const ahead = 16

interface Input {
  loader: TimelineLoader
  rows: Row[]
  hasOlder: boolean
  virtualizer: ReactVirtualizer<HTMLDivElement, Element>
  catchUp: TimelineSnapshot['catchUp']
}

/** Loads what the reader is about to scroll into: earlier pages, and gaps from the side they come from. */
export function useHistory({ loader, rows, hasOlder, virtualizer, catchUp }: Input) {
  const [olderFailed, setOlderFailed] = useState(false)
  const [answered, setAnswered] = useState(0)
  const start = virtualizer.range?.startIndex ?? rows.length
  const end = virtualizer.range?.endIndex ?? rows.length

  const loadOlder = useCallback(() => {
    setOlderFailed(false)
    // The rows of a page are drawn while its request still counts as running, so only its end may start the next one.
    loader.loadOlder().then(
      () => setAnswered((count) => count + 1),
      () => setOlderFailed(true),
    )
  }, [loader])

  const nearTop = hasOlder && start < ahead
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that leaves us near the top is followed by the next one.
  useEffect(() => {
    if (nearTop) loadOlder()
  }, [nearTop, answered, loadOlder])

  const gap = rows.find((row, index) => row.kind === 'gap' && index >= start - ahead && index <= end + ahead)
  const from = gap?.kind === 'gap' ? gap.from : undefined
  const to = gap?.kind === 'gap' ? gap.to : undefined
  const tail = gap?.kind === 'gap' && gap.tail
  useEffect(() => {
    if (from === undefined || to === undefined) return
    // A gap at the end that is being healed is filled by that.
    if (tail && catchUp !== 'live') return
    loader.loadGap(from, to, !tail && virtualizer.scrollDirection === 'backward' ? 'below' : 'above').catch(() => {})
  }, [from, to, tail, catchUp, loader, virtualizer])

  return { olderFailed, loadOlder }
}
