import { useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { TimelineLoader } from '@/data/timeline/timeline-loader'
import type { TimelineSnapshot } from '@/data/timeline/timeline-store'
import type { Room } from '@/data/types'
import { t } from '@/i18n'
import { editingStore } from './editing-store'
import { JumpPill } from './jump-pill'
import { moveFocus } from './keyboard'
import styles from './message-log.module.css'
import { type Row, reachesStart } from './rows'
import { TranscriptRow } from './transcript-row'
import { useHistory } from './use-history'
import { useReading } from './use-reading'
import { useTranscriptScroll } from './use-transcript-scroll'

interface Props {
  room: Room
  loader: TimelineLoader
  snapshot: TimelineSnapshot
  rows: Row[]
  atEnd: boolean
  onAtEnd: (atEnd: boolean) => void
}

/** The virtual list: sticks to the end, stays still while things are added above, below or far away. */
export function MessageLog({ room, loader, snapshot, rows, atEnd, onAtEnd }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const [focused, setFocused] = useState(-1)
  const editing = useStore(editingStore, ({ editing }) => (editing?.roomId === room.id ? editing.number : undefined))
  const hasOlder = !reachesStart(snapshot.segments, snapshot.lastNumber)
  const { virtualizer, toEnd, onScroll } = useTranscriptScroll({
    roomId: room.id,
    scroller,
    rows,
    hasOlder,
    focused,
    editing,
    atEnd,
    onAtEnd,
  })
  const { olderFailed, loadOlder } = useHistory({ loader, rows, hasOlder, virtualizer, catchUp: snapshot.catchUp })
  const { reachesEnd } = loader.store
  useReading(room.id, snapshot.lastNumber, atEnd && reachesEnd)

  const jump = async () => {
    await loader.loadLatest().catch(() => {})
    requestAnimationFrame(toEnd)
  }

  return (
    <div className={styles.frame}>
      {/* The log itself is silent: rows come and go as one scrolls. What is new is said by the announcer. */}
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={t.timeline.label(room.name)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the transcript scrolls, and its messages are reached by arrows from here.
        tabIndex={0}
        className={styles.log}
        onScroll={onScroll}
        onKeyDown={moveFocus}
        onFocus={(event) => setFocused(indexOf(event.target))}
        onBlur={() => setFocused(-1)}
      >
        <div ref={virtualizer.containerRef} className={styles.rows}>
          {hasOlder && <Older failed={olderFailed} onRetry={loadOlder} />}
          {virtualizer.getVirtualItems().map((item) => (
            <div key={item.key} ref={virtualizer.measureElement} data-index={item.index} className={styles.row}>
              <TranscriptRow row={rows[item.index]!} room={room} editing={editing} />
            </div>
          ))}
        </div>
      </div>
      <CatchUp state={snapshot.catchUp} onRetry={() => void loader.heal()} />
      <JumpPill atEnd={atEnd && reachesEnd} lastNumber={snapshot.lastNumber} onJump={() => void jump()} />
    </div>
  )
}

function Older({ failed, onRetry }: { failed: boolean; onRetry: () => void }) {
  return (
    <div className={styles.older}>
      {failed ? (
        <button type="button" onClick={onRetry}>
          {t.tryAgain}
        </button>
      ) : (
        <span>{t.timeline.older}</span>
      )}
    </div>
  )
}

/** Messages were missed and are being fetched: said, never silent. */
function CatchUp({ state, onRetry }: { state: TimelineSnapshot['catchUp']; onRetry: () => void }) {
  return (
    <div role="status" className={styles.catchUp}>
      {state === 'behind' && <p className={styles.behind}>{t.timeline.catchingUp}</p>}
      {state === 'failed' && (
        <p>
          {t.timeline.catchUpFailed}{' '}
          <button type="button" onClick={onRetry}>
            {t.tryAgain}
          </button>
        </p>
      )}
    </div>
  )
}

function indexOf(target: EventTarget): number {
  const row = (target as HTMLElement).closest<HTMLElement>('[data-index]')
  return row ? Number(row.dataset.index) : -1
}
