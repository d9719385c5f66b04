/** Runs `work` in one tab at a time. Without Web Locks (an insecure origin, a test) it simply runs. */
export function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  return locks ? (locks.request(name, work) as Promise<T>) : work()
}

/** Messages to the other tabs of this origin; never delivered to the sender. */
export interface TabChannel<T> {
  post(message: T): void
  listen(handler: (message: T) => void): () => void
  close(): void
}

export function tabChannel<T>(name: string): TabChannel<T> {
  if (typeof BroadcastChannel === 'undefined') return { post: () => {}, listen: () => () => {}, close: () => {} }
  const channel = new BroadcastChannel(name)
  return {
    post: (message) => channel.postMessage(message),
    listen(handler) {
      const listener = (event: MessageEvent<T>) => handler(event.data)
      channel.addEventListener('message', listener)
      return () => channel.removeEventListener('message', listener)
    },
    close: () => channel.close(),
  }
}
