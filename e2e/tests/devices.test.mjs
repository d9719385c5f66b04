// Where somebody is signed in: tabs that share one session, devices that do not, and a copy of a session in the wrong hands.
import assert from 'node:assert/strict'
import { password } from '../helpers/api.mjs'
import { Person } from '../helpers/person.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

// The client renews a token that has less than a minute left, so with this life it does so every few seconds.
const { scene } = stage('devices', { PARLEY_AUTH_ACCESS_TTL: '63s', PARLEY_LOG_LEVEL: 'debug' })

/** @param {import('../helpers/stage.mjs').Scene} s @param {number} earlier @param {number} status */
const refreshes = (s, earlier, status) =>
  s.server.log().slice(earlier).split('\n').filter((line) => line.includes(`path=/api/v1/auth/refresh status=${status}`)).length

/** @param {Person} person */
async function signIn(person) {
  await person.page.getByRole('textbox', { name: 'Username' }).fill(person.username)
  await person.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await person.page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** The same person at another device. @param {import('../helpers/stage.mjs').Scene} s @param {Person} ann */
async function secondDevice(s, ann) {
  const other = await s.stranger('Ann', { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' })
  other.username = ann.username
  await other.page.goto('/')
  await signIn(other)
  await other.rooms.waitFor()
  return other
}

scene('tabs renew their access token together, again and again, and nobody is taken for a thief', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.account('Ben')]
  const room = await ann.account.createRoom('galley')
  await ben.join(room.id)
  await ann.enter(room)
  const tabs = [ann.page, await ann.context.newPage(), await ann.context.newPage()]
  await Promise.all(tabs.slice(1).map((page) => page.goto(`/rooms/${room.id}`)))
  const earlier = s.server.log().length
  let said = 0
  await until('the session was renewed four times', async () => {
    said++
    await ben.post(room.id, `Soup ${said}.`)
    for (const [i, page] of tabs.entries()) {
      ann.page = page
      await ann.hears(`Soup ${said}.`)
      await ann.say(room.name, `Tab ${i} had plate ${said}.`)
      await ann.hears(`Tab ${i} had plate ${said}.`)
    }
    return refreshes(s, earlier, 200) >= 4
  }, 180_000)
  assert.equal(refreshes(s, earlier, 401), 0)
  assert.doesNotMatch(s.server.log().slice(earlier), /reused/)
  for (const page of tabs) await page.getByRole('navigation', { name: 'Rooms' }).waitFor()
})

scene('a new device is told of, and is signed out from the first one at once', async (s) => {
  const ann = await s.person('Ann')
  const room = await ann.account.createRoom('cabin')
  await ann.enter(room)
  const other = await secondDevice(s, ann)
  await other.enter(room)
  await ann.page.reload()
  await ann.page.getByRole('status').getByText(/New sign-in/).waitFor()
  await ann.page.getByRole('button', { name: 'See devices' }).click()
  const dialog = ann.page.getByRole('dialog')
  await dialog.getByText('This device').waitFor()
  other.watch.expectFailedRequests()
  await dialog.getByRole('button', { name: /^Sign out Firefox/ }).click()
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await until('one device is left', async () => (await dialog.getByRole('listitem').count()) === 1)

  // It was the session that ended, not the account, and not this device.
  await signIn(other)
  await other.rooms.waitFor()
  await ann.page.keyboard.press('Escape')
  await ann.say(room.name, 'Still aboard.')
  await other.enter(room)
  await other.hears('Still aboard.')
})

scene('a copy of a session that is used ends it, and its owner is told', async (s) => {
  const ann = await s.person('Ann')
  await ann.open()
  const stolen = (await ann.context.cookies()).filter(({ name }) => name === 'parley_rt')
  for (let round = 0; round < 2; round++) {
    await ann.page.reload()
    await ann.rooms.waitFor()
  }
  ann.watch.expectFailedRequests()
  const thief = await s.stranger('Mallory')
  await thief.context.addCookies(stolen)
  const used = await thief.context.request.post('/api/v1/auth/refresh', { headers: { 'X-Parley': '1' } })
  assert.equal(used.status(), 401)
  await ann.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await signIn(ann)
  await ann.rooms.waitFor()
  await ann.page.getByRole('status').getByText(/a copy of its session was used/).waitFor()
})
