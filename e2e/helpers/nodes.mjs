import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { startServer } from './server.mjs'

const { PARLEY_TEST_POSTGRES_URL: postgres, PARLEY_TEST_REDIS_URL: redis } = process.env

/**
 * Why several nodes cannot be tested on this machine, or false. Where CI=true that is an error: a machine that quietly tests less than it
 * should is worse than one that stops.
 * @returns {string | false}
 */
export function withoutServices() {
  const missing = Object.entries({ PARLEY_TEST_POSTGRES_URL: postgres, PARLEY_TEST_REDIS_URL: redis }).filter(([, url]) => !url).map(([name]) => name)
  if (missing.length === 0) return false
  const reason = `Several nodes are not tested: ${missing.join(' and ')} not set. scripts/test e2e starts what they name.`
  if (process.env.CI === 'true') throw new Error(reason)
  console.error(`!! ${reason}`)
  return reason
}

/**
 * One Parley of two nodes, on a database and with keys in Redis of its own. To a stage it is a server like any other, at the first node's address.
 * @typedef {import('./server.mjs').Server & { nodes: Node[] }} Nodes
 */

/** One of the nodes, which can be stopped as an operator does it and started again, at another address. */
export class Node {
  /** @type {import('./server.mjs').Server | undefined} */ #server
  #settings
  #heard

  /** @param {Record<string, string>} settings @param {(text: string) => void} heard */
  constructor(settings, heard) {
    this.#settings = settings
    this.#heard = heard
  }

  /** Where it listens; undefined while it is not there. */
  get url() {
    return this.#server?.url
  }

  async start() {
    this.#server = await startServer(this.#settings, this.#heard)
  }

  /** Sends SIGTERM and waits until the node has ended by itself. Whoever comes meanwhile finds it as it is: half there. */
  async stop() {
    const server = this.#server
    await server?.stop()
    this.#server = undefined
    return server?.log() ?? ''
  }
}

/** @param {Record<string, string>} [settings] of both @returns {Promise<Nodes>} */
export async function startNodes(settings = {}) {
  const name = `parley_e2e_${randomBytes(6).toString('hex')}`
  await sql(`CREATE DATABASE ${name}`)
  const database = new URL(postgres ?? '')
  database.pathname = `/${name}`
  /** @type {Record<string, string>} */
  const shared = {
    PARLEY_NODES: '2',
    PARLEY_PUBLIC_URL: 'http://parley.test', // a token names it, and each node takes the other's tokens
    PARLEY_DATABASE_URL: database.href,
    PARLEY_REDIS_URL: redis ?? '',
    PARLEY_REDIS_PREFIX: name,
    PARLEY_AUTH_SIGNING_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    PARLEY_AUTH_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    ...settings,
  }
  let log = ''
  const nodes = [1, 2].map((_) => new Node(shared, (text) => (log += text)))
  const stop = async () => {
    try {
      await Promise.all(nodes.map((node) => node.stop()))
    } finally {
      await sql(`DROP DATABASE ${name} WITH (FORCE)`)
    }
  }
  try {
    for (const node of nodes) await node.start() // the first makes the tables
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes, get url() { return nodes[0]?.url ?? '' }, log: () => log, stop }
}

/** @param {string} statement */
async function sql(statement) {
  await promisify(execFile)(psql(), ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--command=${statement}`, postgres ?? ''])
}

/** Debian keeps the programs of each version out of PATH. */
function psql() {
  try {
    const [newest] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    return `/usr/lib/postgresql/${newest}/bin/psql`
  } catch {
    return 'psql'
  }
}
