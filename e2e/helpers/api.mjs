import { randomUUID } from 'node:crypto'

/**
 * What the contract (api/openapi.yaml) says, as far as the tests read it.
 * @typedef {{ id: number, room_id: number, number: number, revision: number, author_id: number, body: string, client_key: string,
 *   created_at: string, edited_at?: string, deleted_at?: string }} Message
 * @typedef {{ id: number, name: string, kind: 'public' | 'private', last_number: number, revision: number, last_read_number?: number }} Room
 * @typedef {{ id: number, username: string, display_name: string }} User
 */

export const password = 'correct horse battery'

let counted = 0

/** A username that nobody else on this file's server has. @param {string} name */
export const uniqueUsername = (name) => `${name.toLowerCase().replace(/[^a-z]/g, '')}-${++counted}`

/** One person who speaks to the server by HTTP, without a browser. */
export class Account {
  /** @type {User} */ user
  /** @type {string} */ token
  #url

  /** @param {string} url @param {{ user: User, access_token: string }} session */
  constructor(url, session) {
    this.#url = url
    this.user = session.user
    this.token = session.access_token
  }

  /** @param {string} url @param {string} username @param {string} [displayName] */
  static async signUp(url, username, displayName) {
    const session = await call(url, 'POST', '/api/v1/auth/signup', undefined, { username, password, display_name: displayName })
    return new Account(url, session)
  }

  /** @param {string} url @param {string} username @param {string} secret the password */
  static async signIn(url, username, secret) {
    return new Account(url, await call(url, 'POST', '/api/v1/auth/login', undefined, { username, password: secret }))
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  call(method, path, body) {
    return call(this.#url, method, path, this.token, body)
  }

  /** @param {string} name @param {{ kind?: string, topic?: string }} [more] @returns {Promise<Room>} */
  createRoom(name, { kind = 'public', topic = '' } = {}) {
    return this.call('POST', '/api/v1/rooms', { name, kind, topic })
  }

  /** @param {number} roomId @returns {Promise<Room>} */
  join(roomId) {
    return this.call('POST', `/api/v1/rooms/${roomId}/join`)
  }

  /** @param {number} roomId @param {string} body @param {string} [clientKey] @returns {Promise<Message>} */
  post(roomId, body, clientKey = randomUUID()) {
    return this.call('POST', `/api/v1/rooms/${roomId}/messages`, { body, client_key: clientKey })
  }

  /** @param {number} roomId @param {number} number @param {string} body @returns {Promise<Message>} */
  edit(roomId, number, body) {
    return this.call('PATCH', `/api/v1/rooms/${roomId}/messages/${number}`, { body })
  }

  /** @param {number} roomId @param {number} number */
  markRead(roomId, number) {
    return this.call('PUT', `/api/v1/rooms/${roomId}/read`, { number })
  }

  /** Everything that was said in a room, oldest first. @param {number} roomId @returns {Promise<Message[]>} */
  async history(roomId) {
    /** @type {Message[]} */
    const all = []
    for (;;) {
      const page = await this.call('GET', `/api/v1/rooms/${roomId}/messages?limit=200&after=${all.at(-1)?.number ?? 0}`)
      all.push(...page.items)
      if (!page.has_more) return all
    }
  }
}

/** @param {string} url @param {string} method @param {string} path @param {string | undefined} token @param {unknown} body */
async function call(url, method, path, token, body) {
  const response = await fetch(url + path, {
    method,
    headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
