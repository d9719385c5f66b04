// The promise everything else rests on: whatever the network does, both people end up with the same conversation. Every message once, in
// one order, none missing, each person's own in the order they were written.
import assert from 'node:assert/strict'
import { backMs, bothSay, bothSee, turnsOf } from '../helpers/conversation.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

/** @typedef {import('../helpers/person.mjs').Person} Person */
/** @typedef {import('../helpers/stage.mjs').Scene} Scene */

// A silent socket is noticed by its missing pings. With the default of 25 s the scenes below would take minutes.
const { scene } = stage('offline', { PARLEY_SOCKET_PING: '2s', PARLEY_SOCKET_PONG_TIMEOUT: '1s' })

/** Ann has a steady line, Ben's can be broken. Both are in the room and have said hello. @param {Scene} scene */
async function together(scene) {
  const line = await scene.line()
  const [ann, ben] = [await scene.person('Ann'), await scene.person('Ben', { line })]
  const room = await ann.account.createRoom(`strait-${ann.account.user.id}`)
  await ben.account.join(room.id)
  await Promise.all([ann.enter(room), ben.enter(room)])
  await ann.say(room.name, 'Hello from the shore.')
  await ben.hears('Hello from the shore.')
  await ben.say(room.name, 'Hello from the boat.')
  await ann.hears('Hello from the boat.')
  ben.watch.expectFailedRequests()
  return { ann, ben, room, line }
}

/** @param {Person} person @param {RegExp} text */
const bannerSays = (person, text) => person.banner.filter({ hasText: text }).waitFor({ timeout: backMs })

/** @param {Person} person */
const bannerIsGone = (person) => until(`${person.name}'s banner is gone`, async () => (await person.banner.textContent()) === '', backMs)

/** How many rows the page's database holds, whatever it calls them. @param {Person} person */
const storedRows = (person) =>
  person.page.evaluate(async () => {
    /** @param {IDBRequest} request @returns {Promise<any>} */
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    let rows = 0
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ''))
      for (const store of database.objectStoreNames) rows += await done(database.transaction(store).objectStore(store).count())
      database.close()
    }
    return rows
  })

scene('offline by the browser: both write meanwhile, and afterwards both see the same', async (s) => {
  const { ann, ben, room } = await together(s)
  await ben.context.setOffline(true)
  await bothSay(ann, ben, room, 'offline', 5)
  await bannerSays(ben, /Reconnecting… 5 messages waiting to send/)
  assert.equal(await ben.message('boat offline').count(), 5, 'what I wrote is shown at once')

  await ben.context.setOffline(false)
  await bothSee(ann, ben, room, [...turnsOf('shore', 'offline', 5), ...turnsOf('boat', 'offline', 5)])
  await bannerIsGone(ben)
})

scene('the line is cut: both write meanwhile, one edits and deletes, and afterwards both see the same', async (s) => {
  const { ann, ben, room, line } = await together(s)
  line.cut()
  await bothSay(ann, ben, room, 'cut', 4)
  await bannerSays(ben, /Reconnecting… 4 messages waiting to send/)
  await ann.account.edit(room.id, 1, 'Hello from the lighthouse.')
  await ann.account.call('DELETE', `/api/v1/rooms/${room.id}/messages/3`)

  line.restore()
  await ben.hears('Hello from the lighthouse.')
  await ben.message('shore cut 1').waitFor({ state: 'detached', timeout: backMs })
  await bannerIsGone(ben)
  await ben.hears('boat cut 4')
  const [left, right] = [await ann.shown(), await ben.shown()]
  assert.deepEqual(left, right)
  assert.deepEqual(left.map(({ number }) => number), Array.from({ length: 10 }, (_, i) => i + 1))
  assert.match(left[0]?.body ?? '', /^Hello from the lighthouse\./)
  assert.equal(left[2]?.body, 'This message was deleted.')
  assert.deepEqual(right.map(({ body }) => body).filter((body) => body.startsWith('boat')), turnsOf('boat', 'cut', 4))
})

scene('the line falls silent (half open): it is noticed, and afterwards both see the same', async (s) => {
  const { ann, ben, room, line } = await together(s)
  line.hold()
  await bothSay(ann, ben, room, 'silent', 4)
  await bannerSays(ben, /Reconnecting… 4 messages waiting to send/)

  line.restore()
  await bothSee(ann, ben, room, [...turnsOf('shore', 'silent', 4), ...turnsOf('boat', 'silent', 4)])
  await bannerIsGone(ben)
})

scene('the line stutters: what was held arrives late, and nothing is said twice', async (s) => {
  const { ann, ben, room, line } = await together(s)
  line.hold()
  await bothSay(ann, ben, room, 'late', 4)
  line.restore({ keep: true })
  await bothSee(ann, ben, room, [...turnsOf('shore', 'late', 4), ...turnsOf('boat', 'late', 4)])
})

scene('the answers get lost: what arrived is not said again', async (s) => {
  const { ann, ben, room, line } = await together(s)
  line.loseAnswers()
  await bothSay(ann, ben, room, 'unheard', 3)
  await ann.hears('boat unheard 1') // it did arrive; only Ben cannot know
  assert.ok((await ben.shown()).some(({ body, number }) => body === 'boat unheard 1' && number === undefined))

  line.restore()
  await bothSee(ann, ben, room, [...turnsOf('shore', 'unheard', 3), ...turnsOf('boat', 'unheard', 3)])
  await bannerIsGone(ben)
})

scene('the line breaks again and again while both write', async (s) => {
  const { ann, ben, room, line } = await together(s)
  /** @type {string[]} */
  const said = []
  for (const [round, fail] of [() => line.cut(), () => line.loseAnswers(), () => line.hold(), () => line.cut()].entries()) {
    fail()
    await bothSay(ann, ben, room, `storm ${round}`, 2)
    line.restore()
    said.push(...turnsOf('shore', `storm ${round}`, 2), ...turnsOf('boat', `storm ${round}`, 2))
  }
  await bothSee(ann, ben, room, said)
})

scene('what waits to be sent survives a reload, and goes out in its order', async (s) => {
  const { ann, ben, room } = await together(s)
  // The page itself comes from the server, so only the sending fails here.
  const sending = /\/api\/v1\/rooms\/\d+\/messages$/
  await ben.context.route(sending, (route) => (route.request().method() === 'POST' ? route.abort() : route.fallback()))
  for (const text of turnsOf('boat', 'kept', 4)) await ben.say(room.name, text)
  await ben.message('boat kept 4').getByText('Waiting for connection').waitFor()
  await until('the browser has stored all four', async () => (await storedRows(ben)) === 4)

  await ben.page.reload()
  await ben.message('boat kept 4').waitFor()
  const waiting = (await ben.shown()).filter(({ number }) => number === undefined)
  assert.deepEqual(waiting.map(({ body }) => body), turnsOf('boat', 'kept', 4), 'still there, in order')
  await ann.say(room.name, 'shore kept 1')

  await ben.context.unroute(sending)
  await bothSee(ann, ben, room, ['shore kept 1', ...turnsOf('boat', 'kept', 4)])
})

scene('a page that is closed while offline sends from the next one, and from two at once only once', async (s) => {
  const { ann, ben, room } = await together(s)
  await ben.context.setOffline(true)
  for (const text of turnsOf('boat', 'closed', 3)) await ben.say(room.name, text)
  await until('the browser has stored all three', async () => (await storedRows(ben)) === 3)
  await ben.page.close()
  await ben.context.setOffline(false)

  const tabs = await Promise.all([1, 2].map(async () => {
    const page = await ben.context.newPage()
    await page.goto(`/rooms/${room.id}`)
    return page
  }))
  for (const page of tabs) {
    ben.page = page
    await bothSee(ann, ben, room, turnsOf('boat', 'closed', 3))
  }
})

scene('a message that the server refuses says so, keeps its text, and does not hold up the next', async (s) => {
  const { ann, ben, room } = await together(s)
  const sending = /\/api\/v1\/rooms\/\d+\/messages$/
  await ben.context.route(sending, (route) =>
    route.request().method() === 'POST' && route.request().postData()?.includes('boat refused')
      ? route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'Forbidden', status: 403, code: 'forbidden', detail: 'Not now.' }) })
      : route.fallback(),
  )
  await ben.say(room.name, 'boat refused')
  await ben.say(room.name, 'boat accepted')
  await ann.hears('boat accepted')
  const refused = ben.message('boat refused')
  await refused.getByText("Couldn't send: not now.").waitFor()
  await ben.context.unroute(sending)
  await refused.getByRole('button', { name: 'Retry' }).click()
  await bothSee(ann, ben, room, ['boat accepted', 'boat refused'])
})
