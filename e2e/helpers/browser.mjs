import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').BrowserContext} BrowserContext */

export function launch() {
  const executablePath = process.env.CHROMIUM || '/usr/bin/chromium'
  if (!existsSync(executablePath)) throw new Error(`There is no browser at ${executablePath}. Say where Chromium is: CHROMIUM=/path/to/chromium`)
  return chromium.launch({ executablePath, args: ['--disable-gpu'], timeout: 120_000 }) // it waits for a process to start, whatever else runs here
}

/** How Chromium says in the console that a request was answered with an error or not at all. The SPA cannot keep it from saying so. */
const requestFailed = /^Failed to load resource: |^WebSocket connection to .* failed|net::ERR_/

/**
 * Collects what a page must never do: errors in the console, uncaught exceptions, violations of the security policy. A failed request is
 * one of them too, unless the test says that it makes requests fail.
 */
export class Watch {
  /** @type {string[]} */ faults = []
  /** @type {RegExp[]} */ #expected = []

  /** @param {BrowserContext} context */
  static async over(context) {
    const watch = new Watch()
    // A violation is reported to the document only; the console is where it can be heard from outside.
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP violation: ${event.violatedDirective} blocked ${event.blockedURI} ${event.sample} at ${event.sourceFile}:${event.lineNumber}`)
      })
    })
    context.on('console', (message) => {
      if (message.type() !== 'error') return
      const { url } = message.location()
      watch.#note(`${message.text()} (${url})`)
    })
    context.on('weberror', (error) => watch.#note(`uncaught: ${error.error().stack ?? error.error()}`))
    return watch
  }

  /** From here on the test breaks the network itself. */
  expectFailedRequests() {
    this.#expected.push(requestFailed)
  }

  /** @param {RegExp} pattern */
  expect(pattern) {
    this.#expected.push(pattern)
  }

  /** @param {string} fault */
  #note(fault) {
    if (!this.#expected.some((pattern) => pattern.test(fault))) this.faults.push(fault)
  }
}
