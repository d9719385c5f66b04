import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useRef } from 'react'
import { positionOf, savePosition } from './positions'
import type { Row } from './rows'

/** Closer to the end than this, the reader is at the end. */
const endThreshold = 48
/** Room for the line that says that earlier messages are loading. */
const olderHeight = 56

interface Input {
  roomId: number
  scroller: RefObject<HTMLDivElement | null>
  rows: Row[]
  hasOlder: boolean
  focused: number
  editing: number | undefined
  atEnd: boolean
  onAtEnd: (atEnd: boolean) => void
}

export function useTranscriptScroll({ roomId, scroller, rows, hasOlder, focused, editing, atEnd, onAtEnd }: Input) {
  const placed = useRef(false)
  const saved = useRef(positionOf(roomId))
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => estimate(rows[index]!),
    getItemKey: useCallback((index: number) => rows[index]!.key, [rows]),
    rangeExtractor: useCallback((range: Range) => withKept(range, rows, focused, editing), [rows, focused, editing]),
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: endThreshold,
    overscan: 8,
    paddingStart: hasOlder ? olderHeight : 8,
    paddingEnd: 8,
    initialMeasurementsCache: saved.current?.sizes,
    initialOffset: () => rows.length * 400,
    directDomUpdates: true,
    directDomUpdatesMode: 'position',
  })

  const toEnd = useCallback(() => {
    virtualizer.scrollToEnd()
    onAtEnd(true)
  }, [virtualizer, onAtEnd])

  // Where the room opens: at the line, else where it was left, else at the end.
  useLayoutEffect(() => {
    if (placed.current || rows.length === 0) return
    placed.current = true
    const unread = rows.findIndex((row) => row.kind === 'unread')
    const top = saved.current?.top
    const left = top ? rows.findIndex((row) => row.key === top.key) : -1
    if (unread > 0 || (top && left >= 0)) onAtEnd(false)
    if (unread > 0) virtualizer.scrollToIndex(Math.max(0, unread - 1), { align: 'start' })
    else if (top && left >= 0) virtualizer.scrollToOffset((virtualizer.getOffsetForIndex(left, 'start')?.[0] ?? 0) + top.offset)
    else virtualizer.scrollToEnd()
  }, [rows, virtualizer, onAtEnd])

  // A message of mine always brings the end into view: I wrote it, I want to see it.
  const lastPending = rows.at(-1)?.kind === 'pending' ? rows.at(-1)!.key : undefined
  useLayoutEffect(() => {
    if (lastPending !== undefined) toEnd()
  }, [lastPending, toEnd])

  // ArrowUp edits a message that may be out of view. Once per edit: the reader may scroll away while editing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useLayoutEffect(() => {
    const index = editing === undefined ? -1 : rows.findIndex((row) => row.kind === 'message' && row.message.number === editing)
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' })
  }, [editing, virtualizer])

  const latest = useRef({ rows, atEnd, scrollTop: 0 })
  latest.current.rows = rows
  latest.current.atEnd = atEnd

  // Who is at the end stays there while the window, the composer or the rows change their height. Before the next paint, so nothing jumps.
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element?.firstElementChild) return
    const observer = new ResizeObserver(() => {
      if (!placed.current) return
      if (latest.current.atEnd) element.scrollTop = element.scrollHeight
      // What fits into the view never scrolls, so no scroll event says that its end is seen.
      else if (element.scrollHeight - element.scrollTop - element.clientHeight <= endThreshold) onAtEnd(true)
    })
    observer.observe(element)
    observer.observe(element.firstElementChild)
    return () => observer.disconnect()
  }, [scroller, onAtEnd])

  useLayoutEffect(
    () => () => {
      const { rows, atEnd } = latest.current
      const item = atEnd ? undefined : virtualizer.getVirtualItemForOffset(virtualizer.scrollOffset ?? 0)
      const key = item && rows[item.index]?.key
      savePosition(roomId, {
        top: item && key ? { key, offset: (virtualizer.scrollOffset ?? 0) - item.start } : undefined,
        sizes: virtualizer.measurementsCache,
      })
    },
    [roomId, virtualizer],
  )

  // Only scrolling up leaves the end; what grows below or around does not.
  const onScroll = useCallback(() => {
    const element = scroller.current
    if (!element) return
    const up = element.scrollTop < latest.current.scrollTop
    latest.current.scrollTop = element.scrollTop
    if (element.scrollHeight - element.scrollTop - element.clientHeight <= endThreshold) onAtEnd(true)
    else if (up) onAtEnd(false)
  }, [scroller, onAtEnd])

  return { virtualizer, toEnd, onScroll }
}

/** The focused row and the edited one stay in the page when scrolled away: focus and half-written text must not vanish. */
function withKept(range: Range, rows: Row[], focused: number, editing: number | undefined): number[] {
  const indexes = defaultRangeExtractor(range)
  const kept = [focused, editing === undefined ? -1 : rows.findIndex((row) => row.kind === 'message' && row.message.number === editing)]
  const extra = kept.filter((index) => index >= 0 && index < rows.length && !indexes.includes(index))
  return extra.length > 0 ? [...indexes, ...new Set(extra)].sort((a, b) => a - b) : indexes
}

const lineHeight = 23
const charactersPerLine = 88

function estimate(row: Row): number {
  if (row.kind === 'origin') return 140
  if (row.kind === 'day' || row.kind === 'unread') return 44
  if (row.kind === 'gap') return 64
  const body = row.kind === 'message' ? row.message.body : row.pending.body
  const lines = body.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / charactersPerLine)), 0)
  return lines * lineHeight + (row.grouped ? 4 : 28)
}
