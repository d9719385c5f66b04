import { setTimeout as delay } from 'node:timers/promises'

/** How long anything is waited for that has no time of its own. It ends what would never come; that something is slow is no failure. */
export const patienceMs = 60_000

/**
 * Asks again until the answer is true, and says at the end what was waited for. The pause only spares the machine and the server's limits, and
 * grows for what takes long: nothing depends on it.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} ask
 * @param {number} [ms]
 * @returns {Promise<Exclude<T, false | undefined | null | '' | 0>>} the first answer that is true
 */
export async function until(what, ask, ms = patienceMs) {
  const end = Date.now() + ms
  let pause = 25
  let answer
  do {
    answer = await ask()
    if (answer) return /** @type {any} */ (answer)
    await delay(pause)
    pause = Math.min(pause * 1.2, 250)
  } while (Date.now() < end)
  throw new Error(`waited ${ms} ms in vain until ${what}; the last answer was ${JSON.stringify(answer)}`)
}

/**
 * A promise with a time limit, for events that may never come.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
export async function within(what, promise, ms = patienceMs) {
  const stop = new AbortController()
  try {
    return await Promise.race([
      promise,
      delay(ms, undefined, { signal: stop.signal }).then(() => {
        throw new Error(`${what} did not happen within ${ms} ms`)
      }),
    ])
  } finally {
    stop.abort()
  }
}
