import { Centrifuge } from 'centrifuge'
import WebSocket from 'ws'
import { patienceMs, within } from './until.mjs'

/** @param {string} url */
export const socketURL = (url) => `${url.replace(/^http/, 'ws')}/api/v1/socket`

/**
 * The official SDK, unmodified. Node 20 has no WebSocket of its own, so it is given one.
 * @param {string} url
 * @param {Partial<import('centrifuge').Options>} options
 */
export function openSDK(url, options) {
  return new Centrifuge(socketURL(url), { websocket: WebSocket, timeout: patienceMs, ...options })
}

/**
 * Connects and waits for it.
 * @param {import('centrifuge').Centrifuge} client
 */
export async function connect(client) {
  client.connect()
  await within('connected', client.ready())
}

/**
 * A subscription that keeps what it receives.
 * @param {import('centrifuge').Centrifuge} client
 * @param {string} channel
 */
export async function listen(client, channel) {
  /** @type {any[]} */
  const publications = []
  const subscription = client.newSubscription(channel)
  subscription.on('publication', ({ data }) => publications.push(data))
  subscription.subscribe()
  await within(`subscribed to ${channel}`, subscription.ready())
  return { subscription, publications, events: () => publications.flat() }
}

/**
 * A bare WebSocket, for frames that no SDK would send. `frames` holds what the server said, `closed` how it ended.
 * @param {string} url
 */
export async function openRaw(url) {
  const socket = new WebSocket(socketURL(url))
  /** @type {any[]} */
  const frames = []
  socket.on('message', (/** @type {Buffer} */ text) => frames.push(...String(text).split('\n').filter(Boolean).map((line) => JSON.parse(line))))
  /** @type {Promise<{ code: number, reason: string }>} */
  const closed = new Promise((resolve) => socket.once('close', (/** @type {number} */ code, /** @type {Buffer} */ reason) => resolve({ code, reason: String(reason) })))
  await within('open', new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject)))
  socket.on('error', () => {}) // the close event says what happened
  return { socket, frames, closed, send: (/** @type {unknown} */ frame) => socket.send(JSON.stringify(frame)) }
}
