// An operator puts an older backup back while people have the page open. What was said after it is gone, and the page shows what is there now, without
// being loaded again; what was written and not sent yet is sent, and a draft stays. Sessions live in Redis here: without it everybody signs in again.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { backMs } from '../helpers/conversation.mjs'
import { withoutServices } from '../helpers/nodes.mjs'
import { binary, startServer } from '../helpers/server.mjs'
import { stage } from '../helpers/stage.mjs'

const run = promisify(execFile)

/** One Parley, in one folder after the other. */
async function startParley() {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-restore-'))
  const prefix = `restore-${randomBytes(6).toString('hex')}`
  const key = `test:${randomBytes(32).toString('base64url')}`
  /** @param {string} name */
  const settings = (name) => ({
    PARLEY_DATA_DIR: path.join(folder, name), PARLEY_AUTH_SIGNING_KEYS: key, PARLEY_SOCKET_PING: '2s', PARLEY_SOCKET_PONG_TIMEOUT: '1s',
    PARLEY_REDIS_URL: process.env.PARLEY_TEST_REDIS_URL ?? '', PARLEY_REDIS_PREFIX: prefix,
  })
  const file = path.join(folder, 'backup')
  /** @param {string} name @param {string} command */
  const parley = (name, command) => run(binary, [command, file], { env: { PATH: process.env.PATH, ...settings(name) } })
  let log = ''
  const serve = (/** @type {string} */ name) =>
    startServer(settings(name), (text) => {
      log += text
    })
  let server = await serve('first')
  return {
    get url() {
      return server.url
    },
    log: () => log,
    backUp: () => parley('first', 'backup'),
    stopServing: () => server.stop(),
    async restore() {
      await parley('second', 'restore')
      server = await serve('second')
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const { scene } = stage('restore', {}, { start: startParley, skip: withoutServices() })

scene('an older backup comes back under an open page', async (s) => {
  const line = await s.line()
  const ann = await s.person('Ann', { line })
  const room = await ann.account.createRoom('harbour')
  await ann.enter(room)
  for (const text of ['before one', 'before two']) await ann.say(room.name, text)
  await ann.hears('before two')
  await s.server.backUp()
  for (const text of ['after one', 'after two', 'after three']) await ann.say(room.name, text)
  await ann.shows(['before one', 'before two', 'after one', 'after two', 'after three'])
  await ann.page.evaluate(() => Object.assign(window, { neverLoadedAgain: true }))

  ann.watch.expectFailedRequests()
  await s.server.stopServing()
  line.cut() // its port may be somebody else's from here on
  await ann.say(room.name, 'written meanwhile')
  await ann.composer(room.name).fill('half a thought')
  await s.server.restore()
  line.leadTo(s.server.url)
  line.restore()

  await ann.message('after one').waitFor({ state: 'detached', timeout: backMs })
  await ann.shows(['before one', 'before two', 'written meanwhile'])
  assert.deepEqual(
    (await ann.shown()).map(({ number }) => number),
    [1, 2, 3],
  )
  assert.equal(await ann.composer(room.name).inputValue(), 'half a thought')
  assert.equal(await ann.page.evaluate(() => 'neverLoadedAgain' in window), true, 'the page was loaded again')
  await ann.composer(room.name).fill('')
  await ann.say(room.name, 'and on')
  await ann.shows(['before one', 'before two', 'written meanwhile', 'and on'])
})
