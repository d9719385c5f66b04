import { once } from 'node:events'
import net from 'node:net'

/**
 * A TCP line between one browser and the server that can fail in the ways real ones do. Chromium's own offline switch leaves open sockets
 * alone and never shows a half-open one; this does.
 *
 * - `cut`: connections break at once and new ones are refused. A cable pulled out of the router next door.
 * - `hold`: nothing moves in either direction and nobody is told. A train in a tunnel.
 * - `loseAnswers`: what the browser sends arrives, what the server answers does not. The worst of them: was it said or not?
 * - `strand`: open WebSockets are held for good and nobody is told; what is opened from now on works. A phone that changed networks, a laptop
 *   that slept: browsers drop the connections of requests then, and leave those alone.
 * - `restore`: the line works again. Old connections are dead, as after a change of network, unless they are kept.
 */
export class Line {
  /** @type {'open' | 'cut' | 'held' | 'deaf'} */ #state = 'open'
  /** @type {Set<{ near: net.Socket, far: net.Socket }>} */ #pairs = new Set()
  #server
  #port
  /** @type {Set<{ near: net.Socket, far: net.Socket }>} */ #sockets = new Set()
  /** @type {Set<{ near: net.Socket, far: net.Socket }>} */ #stranded = new Set()

  /** @param {net.Server} server @param {number} port */
  constructor(server, port) {
    this.#server = server
    this.#port = port
    server.on('connection', (near) => this.#join(near))
  }

  /** @param {string} url of the server */
  static async to(url) {
    const server = net.createServer({ pauseOnConnect: true })
    const line = new Line(server, Number(new URL(url).port))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get url() {
    const address = /** @type {net.AddressInfo} */ (this.#server.address())
    return `http://127.0.0.1:${address.port}`
  }

  cut() {
    this.#state = 'cut'
    this.#breakAll()
  }

  hold() {
    this.#state = 'held'
    this.#apply()
  }

  strand() {
    for (const pair of this.#sockets) this.#stranded.add(pair)
    this.#apply()
  }

  loseAnswers() {
    this.#state = 'deaf'
    this.#apply()
  }

  /** Leads to another server from the next connection on. @param {string} url */
  leadTo(url) {
    this.#port = Number(new URL(url).port)
  }

  /** @param {{ keep?: boolean }} [options] */
  restore({ keep = false } = {}) {
    if (!keep) this.#breakAll()
    this.#state = 'open'
    this.#apply()
  }

  async close() {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #breakAll() {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy()
      far.destroy()
    }
  }

  /** @param {net.Socket} near the browser's end */
  #join(near) {
    if (this.#state === 'cut') {
      near.resetAndDestroy()
      return
    }
    const far = net.connect(this.#port, '127.0.0.1')
    const pair = { near, far }
    this.#pairs.add(pair)
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (chunk) => to.write(chunk))
      from.on('end', () => to.end())
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
        this.#sockets.delete(pair)
        this.#stranded.delete(pair)
      })
    }
    near.on('data', (chunk) => {
      if (chunk.includes('Sec-WebSocket-Key')) this.#sockets.add(pair)
    })
    this.#set(pair)
  }

  #apply() {
    for (const pair of this.#pairs) this.#set(pair)
  }

  /** @param {{ near: net.Socket, far: net.Socket }} pair */
  #set(pair) {
    const { near, far } = pair
    const held = this.#state === 'held' || this.#stranded.has(pair)
    if (held) near.pause()
    else near.resume()
    if (held || this.#state === 'deaf') far.pause()
    else far.resume()
  }
}
