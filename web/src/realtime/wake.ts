const beatMs = 5000
/** A beat that comes so much too late was not late by chance. */
const sleptMs = 15_000
/** A page that was out of sight for less than this was hardly put to sleep. */
const hiddenMs = 10_000

/** What browsers on phones tell of the network; others have none of it. */
interface Network extends EventTarget {
  readonly type?: string
}

/**
 * Calls back when this page may have missed something without being told: the machine slept, the browser put the page to sleep, a phone moved from one
 * network to another. Timers do not tell: they stood still too, and a connection that died meanwhile looks as it did before.
 */
export function onWake(wake: () => void): () => void {
  const watching = new AbortController()
  const { signal } = watching
  const visible = () => document.visibilityState === 'visible'
  let beat = Date.now()
  let hidden: number | undefined = visible() ? undefined : beat
  const timer = setInterval(() => {
    const late = Date.now() - beat - beatMs
    beat = Date.now()
    // Browsers slow the timers of pages that nobody sees; those wake when they are seen.
    if (late > sleptMs && visible()) wake()
  }, beatMs)
  const seen = () => {
    const since = hidden
    hidden = visible() ? undefined : (since ?? Date.now())
    if (since !== undefined && hidden === undefined && Date.now() - since > hiddenMs) wake()
  }
  document.addEventListener('visibilitychange', seen, { signal })
  document.addEventListener('resume', wake, { signal })
  const { connection: network } = navigator as { connection?: Network }
  let type = network?.type
  const moved = () => {
    if (network?.type === type) return // only its estimate of the speed has changed
    type = network?.type
    wake()
  }
  network?.addEventListener?.('change', moved, { signal })
  return () => {
    clearInterval(timer)
    watching.abort()
  }
}
