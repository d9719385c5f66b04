import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Account, uniqueUsername } from './api.mjs'
import { launch } from './browser.mjs'
import { Line } from './line.mjs'
import { Person } from './person.mjs'
import { startServer } from './server.mjs'

const results = fileURLToPath(new URL('../results/', import.meta.url))
const sceneMs = 600_000 // ends what hangs; on a machine with many things to do at once the longest takes minutes

/** @typedef {import('./server.mjs').Server} Server */

/**
 * A server and a browser for one test file. Every scene gets people of its own on it: no scene depends on another.
 * @template {Server} [S=Server]
 * @param {string} name of the file, for what a failure leaves behind
 * @param {Record<string, string>} [settings] of the server
 * @param {{ start?: (settings?: Record<string, string>) => Promise<S>, skip?: string | false }} [options] how to start something else than
 *   one server, and why nothing is played on this machine
 */
export function stage(name, settings, { start = /** @type {any} */ (startServer), skip = false } = {}) {
  /** @type {S} */ let server
  /** @type {import('playwright-core').Browser} */ let browser
  before(async () => {
    if (skip) return
    server = await start(settings)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
  })

  return {
    /**
     * A test. When it fails, what its people saw and what the server said is kept in e2e/results. When it passes and a page of it did what
     * a page must not do, it fails after all.
     * @param {string} title
     * @param {(scene: Scene<S>) => Promise<void>} play
     */
    scene(title, play) {
      test(title, { timeout: sceneMs, skip }, async () => {
        const scene = new Scene(server, browser)
        const earlier = server.log().length
        try {
          await play(scene)
          for (const person of scene.people) assert.deepEqual(person.watch.faults, [], `${person.name}'s pages complained`)
          const complaints = server.log().slice(earlier).split('\n').filter((line) => /level=ERROR|panic/.test(line))
          assert.deepEqual(complaints, [], 'the server complained')
        } catch (error) {
          await keep(`${name}-${title}`, scene, server)
          throw error
        } finally {
          await scene.close()
        }
      })
    },
  }
}

/** @template {Server} [S=Server] */
export class Scene {
  /** @type {Person[]} */ people = []
  /** @type {{ close: () => Promise<void> }[]} */ #lines = []
  #browser

  /** @param {S} server @param {import('playwright-core').Browser} browser */
  constructor(server, browser) {
    this.server = server
    this.#browser = browser
  }

  /**
   * Somebody with a browser of their own who has no account yet.
   * @param {string} name
   * @param {import('playwright-core').BrowserContextOptions & { line?: { url?: string } }} [options] the way to a server that is not straight
   */
  async stranger(name, { line, ...options } = {}) {
    const person = await Person.arrive(this.#browser, line?.url ?? this.server.url, name, options)
    this.people.push(person)
    return person
  }

  /**
   * Somebody who is signed in.
   * @param {string} name
   * @param {import('playwright-core').BrowserContextOptions & { line?: { url?: string } }} [options] the way to a server that is not straight
   */
  async person(name, options) {
    const person = await this.stranger(name, options)
    await person.signUpQuietly()
    return person
  }

  /** Somebody without a browser, who speaks to the server's API. @param {string} name */
  account(name) {
    return Account.signUp(this.server.url, uniqueUsername(name), name)
  }

  /** A line to the server that can be broken. */
  async line() {
    return this.keep(await Line.to(this.server.url))
  }

  /** Closes it when the scene is over. @template {{ close: () => Promise<void> }} T @param {T} line */
  keep(line) {
    this.#lines.push(line)
    return line
  }

  async close() {
    // What a page still asks for while it is closed must not fail the scene that stood in its way.
    await Promise.all(this.people.map((person) => person.context.unrouteAll({ behavior: 'ignoreErrors' })))
    await Promise.all(this.people.map((person) => person.context.close()))
    await Promise.all(this.#lines.map((line) => line.close()))
  }
}

/** @param {string} title @param {Scene} scene @param {import('./server.mjs').Server} server */
async function keep(title, scene, server) {
  const stem = path.join(results, title.replace(/[^\w]+/g, '-').slice(0, 100))
  await mkdir(results, { recursive: true })
  await writeFile(`${stem}.server.log`, server.log())
  console.error(`The server's last words at "${title}", the rest of which is in ${stem}.*:\n${server.log().split('\n').slice(-25).join('\n')}`)
  for (const person of scene.people) {
    await writeFile(`${stem}.${person.name}.console.txt`, person.watch.faults.join('\n'))
    for (const [i, page] of person.context.pages().entries()) {
      await page.screenshot({ path: `${stem}.${person.name}-${i}.png`, timeout: 5000 }).catch(() => {})
    }
  }
}
