// A page does not believe its own connection: it finds out when there is reason to doubt, and says nothing that nobody has told it lately.
import assert from 'node:assert/strict'
import { backMs, bothSee } from '../helpers/conversation.mjs'
import { connect, openSDK } from '../helpers/socket.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

/** @typedef {import('../helpers/person.mjs').Person} Person */

// A silent connection would be noticed by a missing ping after this time, which is after the test.
const { scene } = stage('wake', { PARLEY_SOCKET_PING: '10m' })
const hasty = stage('wake-hasty', { PARLEY_LIMIT_TYPING: '1/1h', PARLEY_LIMIT_SOCKET_REFUSALS: '1/1h', PARLEY_LIMIT_SOCKET_CLOSURES: '1/1h' })

/** Ann has a steady line, Ben's can fail. Both are in the room. @param {import('../helpers/stage.mjs').Scene} s */
async function together(s) {
  const line = await s.line()
  const [ann, ben] = [await s.person('Ann'), await s.person('Ben', { line })]
  const room = await ann.account.createRoom(`harbour-${ann.account.user.id}`)
  await ben.account.join(room.id)
  await Promise.all([ann.enter(room), ben.enter(room)])
  await ann.say(room.name, 'Anchor up.')
  const words = await ben.hears('Anchor up.')
  await words.locator('[data-online]').waitFor() // so his socket has been answered
  ben.watch.expectFailedRequests()
  return { ann, ben, room, line }
}

scene('a page that slept while its connection died finds out when it wakes', async (s) => {
  const { ann, ben, room, line } = await together(s)
  // What his page asks for a moment after it came would tell him too, as long as he is awake.
  /** @type {import('playwright-core').Route[]} */
  const asleep = []
  const asking = /\/api\/v1\/rooms/
  await ben.context.route(asking, (route) => asleep.push(route))
  line.strand()
  await ann.say(room.name, 'Are you asleep?')
  await ann.hears('Are you asleep?')
  assert.equal(await ben.message('Are you asleep?').count(), 0, 'his connection is dead, and he has not been told')
  let answered = 0
  ben.page.on('websocket', (socket) => socket.on('framereceived', () => answered++))
  await ben.context.unroute(asking)
  for (const route of asleep) await route.continue()
  // How a browser tells a page that it was asleep. A headless one has no sleep to wake from.
  await ben.page.evaluate(() => document.dispatchEvent(new Event('resume')))
  await until('he has another connection', () => answered > 0)
  await bothSee(ann, ben, room, ['Are you asleep?'], 1)
  await ben.say(room.name, 'boat awake')
  await bothSee(ann, ben, room, ['Are you asleep?', 'boat awake'], 1)
})

scene('a message that nobody answers makes the page ask whether its connection is there', async (s) => {
  const { ann, ben, room, line } = await together(s)
  // His sending hangs, as it would on a dead connection that the browser keeps for it.
  const sending = /\/api\/v1\/rooms\/\d+\/messages$/
  /** @type {import('playwright-core').Route[]} */
  const hanging = []
  await ben.context.route(sending, (route) => (route.request().method() === 'POST' ? hanging.push(route) : route.fallback()))
  line.strand()
  await ann.say(room.name, 'Do you hear me?')
  await ann.hears('Do you hear me?')
  await ben.say(room.name, 'boat is calling')
  await ben.message('Do you hear me?').waitFor({ timeout: backMs })
  await ben.context.unroute(sending)
  for (const route of hanging) await route.continue().catch(() => {}) // or the page has given it up
  await bothSee(ann, ben, room, ['Do you hear me?', 'boat is calling'], 1)
})

scene('nobody is shown as online while the page cannot know', async (s) => {
  const { ben, room, line } = await together(s)
  const dot = ben.message('Anchor up.').locator('[data-online]')
  line.cut()
  await ben.banner.filter({ hasText: /Reconnecting…/ }).waitFor({ timeout: backMs })
  await until('the dot is gone', async () => (await dot.count()) === 0)
  line.restore()
  await dot.waitFor({ timeout: backMs })
  assert.equal(await ben.log(room.name).count(), 1)
})

hasty.scene('who is sent away for sending too much is told so, and can come back', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.person('Ben')]
  const room = await ann.account.createRoom(`gale-${ann.account.user.id}`)
  await ben.account.join(room.id)
  await ann.account.post(room.id, 'Before the gale')
  await ben.enter(room)
  const words = await ben.hears('Before the gale')
  await until('his socket has been answered', async () => (await words.count()) === 1 && ben.page.evaluate(() => document.querySelector('[data-online]') !== null))

  // Another client of his does not heed refusals, and uses up his patience with the server.
  const script = openSDK(s.server.url, { token: ben.account.token })
  script.on('error', () => {})
  await connect(script)
  const type = () => script.rpc('typing.start', { room_id: room.id }).catch(() => {})
  await until('it has been sent away once', async () => {
    await type()
    return script.state !== 'connected'
  })
  script.disconnect()

  await ben.composer(room.name).pressSequentially('I')
  await ben.banner.getByText('Too much was sent from your account at once').waitFor()
  await ann.account.post(room.id, 'In the gale')
  await ben.composer(room.name).fill('I can still speak')
  await ben.composer(room.name).press('Enter')
  await ben.hears('I can still speak')
  await ben.banner.getByRole('button', { name: 'Try again' }).click()
  await until('the banner is gone', async () => (await ben.banner.textContent()) === '')
  await ann.account.post(room.id, 'After the gale')
  await ben.shows(['Before the gale', 'In the gale', 'I can still speak', 'After the gale'])
})
