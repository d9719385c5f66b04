import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again until the answer is true, and says at the end what was waited for. The pause only spares the machine: nothing depends on it.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} ask
 * @param {number} [ms]
 * @returns {Promise<Exclude<T, false | undefined | null | '' | 0>>} the first answer that is true
 */
export async function until(what, ask, ms = 15_000) {
  const end = Date.now() + ms
  let answer
  do {
    answer = await ask()
    if (answer) return /** @type {any} */ (answer)
    await delay(25)
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
export async function within(what, promise, ms = 15_000) {
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
