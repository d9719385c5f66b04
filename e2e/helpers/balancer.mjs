import { once } from 'node:events'
import net from 'node:net'

/**
 * A TCP load balancer before several nodes, in the way of nginx's passive checks: a connection goes to the first node in its list that takes
 * it. What is open stays where it is until either end closes it.
 */
export class Balancer {
  /** @type {Set<net.Socket>} */ #open = new Set()
  #server
  #nodes

  /** @param {net.Server} server @param {import('./nodes.mjs').Node[]} nodes */
  constructor(server, nodes) {
    this.#server = server
    this.#nodes = nodes
    server.on('connection', (near) => this.#join(near, [...this.#nodes]))
  }

  /** @param {import('./nodes.mjs').Node[]} nodes the one that is asked first comes first */
  static async before(nodes) {
    const server = net.createServer({ pauseOnConnect: true })
    const balancer = new Balancer(server, nodes)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return balancer
  }

  get url() {
    return `http://127.0.0.1:${/** @type {net.AddressInfo} */ (this.#server.address()).port}`
  }

  async close() {
    for (const socket of this.#open) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** @param {net.Socket} near @param {import('./nodes.mjs').Node[]} candidates */
  #join(near, [node, ...others]) {
    if (!node) {
      near.resetAndDestroy()
      return
    }
    if (!node.url) {
      this.#join(near, others)
      return
    }
    const far = net.connect(Number(new URL(node.url).port), '127.0.0.1')
    const next = () => this.#join(near, others)
    far.once('error', next)
    far.once('connect', () => {
      far.off('error', next)
      this.#open.add(near).add(far)
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('error', () => {})
        from.on('close', () => {
          this.#open.delete(from)
          to.destroy()
        })
        from.pipe(to)
      }
    })
  }
}
