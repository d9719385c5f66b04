import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const startMs = 120_000
const stopMs = 60_000 // longer than the server's own grace

// Tests make accounts, rooms and history much faster than people do. The other limits stay: the client has to live within them.
const unlimited = { PARLEY_LIMIT_SIGN_UP: 'off', PARLEY_LIMIT_POST: 'off', PARLEY_LIMIT_WRITE: 'off' }

/** What is tested: the built binary. */
export const binary = process.env.PARLEY_BINARY ?? path.join(root, 'bin/parley')

/**
 * A running `parley serve` with a data folder of its own.
 * @typedef {{ url: string, log: () => string, stop: () => Promise<void> }} Server
 */

/**
 * Starts the built binary: PARLEY_BINARY, or bin/parley. Settings of the caller's shell are not passed on, so that a test means the
 * same on every machine.
 * @param {Record<string, string>} [settings]
 * @param {(text: string) => void} [listen] is told what it says, as it says it
 * @returns {Promise<Server>}
 */
export async function startServer(settings = {}, listen = () => {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is not there. Build it: make build`)
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-e2e-'))
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_')))
  const child = spawn(binary, ['serve'], {
    cwd: folder,
    env: { ...inherited, PARLEY_HTTP_ADDR: '127.0.0.1:0', PARLEY_OPS_ADDR: 'off', PARLEY_DATA_DIR: folder, ...unlimited, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const stopped = once(child, 'exit')
  // A test process that dies takes its server along.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)

  /** @type {Promise<string>} */
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not start within ${startMs} ms:\n${log}`)), startMs)
    const heard = (/** @type {Buffer} */ text) => {
      log += text
      listen(String(text))
      // Not what it says that people type: before several nodes that is the balancer's address.
      const address = /msg=serving .*\baddr=(\S+)/.exec(log)?.[1]
      if (!address) return
      clearTimeout(timer)
      resolve(`http://${address}`)
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`the server ended with code ${code} at its start:\n${log}`))
    })
  })

  const stop = async () => {
    process.removeListener('exit', kill)
    const stubborn = setTimeout(kill, stopMs)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const [code, signal] = await stopped
    clearTimeout(stubborn)
    await rm(folder, { recursive: true, force: true })
    if (code !== 0) throw new Error(`the server ended with ${signal ?? `code ${code}`}:\n${log}`)
  }

  try {
    return { url: await ready, log: () => log, stop }
  } catch (error) {
    kill()
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
