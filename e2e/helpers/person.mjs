import assert from 'node:assert/strict'
import { Account, password, uniqueUsername } from './api.mjs'
import { Watch } from './browser.mjs'
import { patienceMs, until } from './until.mjs'

/** What the transcript shows of a message. Number and id are missing while the room does not have it yet.
 * @typedef {{ number: number | undefined, id: number | undefined, key: string, body: string }} Shown */

/** Somebody with a browser context of their own, and what they do in it. Everything is found by the names that assistive technology reads. */
export class Person {
  /** @type {Account | undefined} */ #account
  /** @type {Set<import('playwright-core').WebSocket>} those that the server has answered on */ #live = new Set()

  /**
   * @param {string} name
   * @param {string} url
   * @param {import('playwright-core').Page} page
   * @param {Watch} watch
   */
  constructor(name, url, page, watch) {
    this.page = page
    this.name = name
    this.username = uniqueUsername(name)
    this.url = url
    this.context = page.context()
    this.watch = watch
    this.context.on('page', (page) => this.#listen(page))
    this.#listen(page)
  }

  /** @param {import('playwright-core').Page} page */
  #listen(page) {
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.#live.clear()
    })
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        if (/"connect":/.test(String(payload))) this.#live.add(socket)
      })
      socket.on('close', () => this.#live.delete(socket))
    })
  }

  /** Waits until the page is not only there but has its socket: a page shows its rooms as soon as it has them. */
  async connected() {
    await until(`${this.name} is connected`, () => this.#live.size > 0)
  }

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   * @param {string} name
   * @param {import('playwright-core').BrowserContextOptions} options
   */
  static async arrive(browser, url, name, options) {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options })
    context.setDefaultTimeout(patienceMs)
    const watch = await Watch.over(context)
    return new Person(name, url, await context.newPage(), watch)
  }

  /** The same person without the browser. */
  get account() {
    return this.#account ?? assert.fail(`${this.name} has no account yet`)
  }

  /** The account is made by the API and its session put into the browser: signing up by hand is a test of its own. */
  async signUpQuietly() {
    const response = await this.context.request.post('/api/v1/auth/signup', { data: { username: this.username, password, display_name: this.name } })
    assert.equal(response.status(), 201, await response.text())
    this.#account = new Account(this.url, await response.json())
  }

  /** Opens an address and waits until the rooms are there. @param {string} [path] */
  async open(path = '/') {
    await this.page.goto(path)
    await this.rooms.waitFor()
  }

  /** @param {import('./api.mjs').Room} room */
  async enter(room) {
    await this.page.goto(`/rooms/${room.id}`)
    await this.log(room.name).waitFor()
  }

  get rooms() {
    return this.page.getByRole('navigation', { name: 'Rooms' })
  }

  /** @param {string} name */
  roomLink(name) {
    return this.rooms.getByRole('link', { name, exact: true })
  }

  /** @param {string} room */
  log(room) {
    return this.page.getByRole('log', { name: `Messages in ${room}`, exact: true })
  }

  /** @param {string} room */
  composer(room) {
    return this.page.getByRole('textbox', { name: `Message #${room}`, exact: true })
  }

  get banner() {
    return this.page.locator('[data-connection-banner]')
  }

  /** @param {string} room @param {string} text */
  async say(room, text) {
    const composer = this.composer(room)
    await composer.fill(text)
    await composer.press('Enter')
  }

  /**
   * Types, and goes on typing until it is seen: signs of it are nowhere kept, and one that is given before everybody's socket is there is seen
   * by nobody.
   * @param {string} room @param {string} text @param {import('playwright-core').Locator} seen
   */
  async types(room, text, seen) {
    const composer = this.composer(room)
    await composer.pressSequentially(text)
    await until(`${this.name} is seen typing`, async () => {
      if (await seen.isVisible()) return true
      await composer.press('.')
      return false
    })
  }

  /** A message by its text. @param {string | RegExp} text */
  message(text) {
    return this.page.getByRole('article').filter({ has: this.page.locator('[data-body]', { hasText: text }) })
  }

  /**
   * Brings the pointer over a message until its tool is there: what moves away under a pointer that stands still loses its tools.
   * @param {import('playwright-core').Locator} message @param {string} name
   */
  async tool(message, name) {
    const button = message.getByRole('button', { name })
    await until(`${this.name} has “${name}” at hand`, async () => {
      await message.hover()
      return button.isVisible()
    })
    return button
  }

  /** Waits for a message that the room has. @param {string | RegExp} text */
  async hears(text) {
    const message = this.message(text).and(this.page.locator('[data-number]'))
    await message.waitFor()
    return message
  }

  /** What the transcript shows now, top to bottom, rows out of view left out. @returns {Promise<Shown[]>} */
  shown() {
    return this.page.getByRole('log').getByRole('article').evaluateAll((articles) =>
      articles.map((article) => ({
        number: article.dataset.number === undefined ? undefined : Number(article.dataset.number),
        id: article.dataset.messageId === undefined ? undefined : Number(article.dataset.messageId),
        key: article.dataset.clientKey ?? '',
        body: article.querySelector('[data-body]')?.textContent ?? '',
      })),
    )
  }

  /** Waits until the transcript shows exactly these, each stored in the room. @param {string[]} bodies */
  async shows(bodies) {
    /** @type {Shown[]} */
    let shown = []
    await until(`${this.name} sees ${bodies.length} messages`, async () => {
      shown = await this.shown()
      return shown.length === bodies.length && shown.every(({ number }) => number !== undefined)
    }).catch(() => {}) // the comparison says more than "in vain"
    assert.deepEqual(shown.map(({ body }) => body), bodies, `what ${this.name} sees`)
    return shown
  }
}
