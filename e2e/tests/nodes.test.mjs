// Several nodes behind one address: people do not notice which of them they are at, nor that one of them stops. And when everybody comes back
// at the same time, they see that they are being caught up.
import assert from 'node:assert/strict'
import { Account, password } from '../helpers/api.mjs'
import { Balancer } from '../helpers/balancer.mjs'
import { backMs, bothSay, bothSee, turnsOf } from '../helpers/conversation.mjs'
import { startNodes, withoutServices } from '../helpers/nodes.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

/** @typedef {import('../helpers/person.mjs').Person} Person */
/** @typedef {import('../helpers/nodes.mjs').Node} Node */
/** @typedef {[Node, Node]} Both */

const { scene } = stage(
  'nodes',
  { PARLEY_CATCH_UP_READS: '1', PARLEY_DRAIN_SPREAD: '2s', PARLEY_LIMIT_READ: 'off' },
  { start: startNodes, skip: withoutServices() },
)

/** What the server says to a person's page from here on, as it goes over the socket. @param {Person} person */
function overhear(person) {
  const heard = { text: '' }
  person.page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => (heard.text += payload)))
  return heard
}

scene('people at two nodes talk, see each other type, and see who is online', async (s) => {
  const [here, there] = /** @type {Both} */ (s.server.nodes)
  const [ann, ben] = [await s.person('Ann', { line: here }), await s.person('Ben', { line: there })]
  const room = await ann.account.createRoom('confluence')
  await ben.account.join(room.id)
  await ann.page.goto(`/rooms/${room.id}/details`)
  const row = ann.page.getByRole('complementary', { name: 'Room details' }).getByRole('listitem').filter({ hasText: 'Ben' })
  await row.waitFor()
  assert.equal(await row.getByText('online').count(), 0, 'Ben is not here yet')
  await ben.enter(room)
  await row.getByText('online').waitFor()

  await ben.types(room.name, 'The river is', ann.page.getByRole('status').filter({ hasText: 'Ben is typing…' }))
  await ben.say(room.name, 'The river is')
  await ann.hears('The river is')
  await ann.say(room.name, 'wider over here.')
  await ben.hears('wider over here.')
  assert.deepEqual(await ann.shows(['The river is', 'wider over here.']), await ben.shows(['The river is', 'wider over here.']))
})

scene('somebody who is removed at one node sees nothing more of a private room at the other', async (s) => {
  const [here, there] = /** @type {Both} */ (s.server.nodes)
  const owner = await s.account('Olga')
  const ann = await s.person('Ann', { line: there })
  assert.notEqual(here.url, there.url)
  const [cabin, deck] = [await owner.createRoom('captain', { kind: 'private' }), await owner.createRoom('deck', { kind: 'private' })]
  for (const room of [cabin, deck]) await owner.call('POST', `/api/v1/rooms/${room.id}/members`, { username: ann.username })
  const heard = overhear(ann)
  await ann.enter(cabin)
  await owner.post(cabin.id, 'Close the door, Ann.')
  await ann.hears('Close the door, Ann.')
  // Were her read mark still on its way when she is removed, it would be refused.
  await until('it is read', async () => (await ann.account.call('GET', `/api/v1/rooms/${cabin.id}`)).last_read_number === 1)

  ann.watch.expect(/status of 404/)
  await owner.call('DELETE', `/api/v1/rooms/${cabin.id}/members/${ann.account.user.id}`)
  await ann.roomLink('captain').waitFor({ state: 'detached' })
  await owner.post(cabin.id, 'Now that she is gone.')
  await owner.post(deck.id, 'All hands on deck.')
  await ann.roomLink('deck').click() // what was said before that would be here, too
  await ann.hears('All hands on deck.')
  assert.match(heard.text, /All hands on deck/)
  assert.doesNotMatch(heard.text, /Now that she is gone/)
  await ann.page.goto(`/rooms/${cabin.id}`)
  await ann.page.getByText('This room is not here.').waitFor()
})

scene('a session that is ended at one node signs its browser out at the other', async (s) => {
  const [here, there] = /** @type {Both} */ (s.server.nodes)
  const ann = await s.person('Ann', { line: there })
  const room = await ann.account.createRoom('gangway')
  await ann.enter(room)
  const elsewhere = await Account.signIn(here.url ?? '', ann.username, password)
  const { items } = await elsewhere.call('GET', '/api/v1/me/sessions')
  const [hers] = items.filter((/** @type {{ current: boolean }} */ session) => !session.current)
  ann.watch.expectFailedRequests()
  await elsewhere.call('DELETE', `/api/v1/me/sessions/${hers.id}`)
  // Without a word between the nodes it would take until this one looks into the database, or until the page asks for something.
  await ann.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor({ timeout: 15_000 })
})

scene('a node that stops gives its people to the other in the middle of a conversation, and so does that one', async (s) => {
  const [first, second] = /** @type {Both} */ (s.server.nodes)
  const balancer = s.keep(await Balancer.before([first, second]))
  const tall = { line: balancer, viewport: { width: 1280, height: 6000 } } // nothing is scrolled out of the transcript
  const [ann, ben] = [await s.person('Ann', tall), await s.person('Ben', tall)]
  const room = await ann.account.createRoom('ferry')
  await ben.account.join(room.id)
  await Promise.all([ann.enter(room), ben.enter(room)])
  for (const { watch } of [ann, ben]) watch.expectFailedRequests()

  /** @type {string[]} */
  const said = []
  const talk = async (/** @type {string} */ when) => {
    await bothSay(ann, ben, room, when, 1)
    said.push(...turnsOf('shore', when, 1), ...turnsOf('boat', when, 1))
  }
  /** They talk while the node stops, and for a while after. @param {Node} node @param {string} when */
  const talkAcross = async (node, when) => {
    await Promise.all([ann.connected(), ben.connected()]) // to talk they do not need it
    let log = ''
    const stopped = node.stop().then((all) => (log = all))
    let round = 0
    while (log === '' && round < 15) await talk(`${when} ${++round}`) // which leaves all of it in view, however long that takes
    await stopped
    for (let more = 0; more < 2; more++) await talk(`${when} ${++round}`)
    assert.match(log, /msg=drained .*sockets=2 sockets_cut=0 requests_cut=false/, 'both were at the node that stopped')
  }
  await talk('before')
  await talkAcross(first, 'first stops')
  await first.start()
  await talk('first is back')
  await talkAcross(second, 'second stops')
  await second.start()
  await bothSee(ann, ben, room, said, 0)
})

scene('when everybody comes back at once, the page says that it is catching up, and then has everything', async (s) => {
  const owner = await s.account('Olga')
  const line = await s.line()
  const ann = await s.person('Ann', { line })
  const [room, square] = [await owner.createRoom('harbour'), await owner.createRoom('square')]
  await Promise.all([ann.account.join(room.id), ann.account.join(square.id)])
  await ann.enter(room)
  await owner.post(room.id, 'Before the storm.')
  await ann.hears('Before the storm.')
  await Promise.all(Array.from({ length: 200 }, (_, i) => owner.post(square.id, `Cobblestone ${i}`)))

  ann.watch.expectFailedRequests()
  line.cut()
  const missed = ['The mast is down.', 'Nobody is hurt.', 'We row home.']
  for (const text of missed) await owner.post(room.id, text)

  // More than there is room for at the gate and before it; and they do not wait when they are told to.
  const crowd = { there: true, refused: 0 }
  const members = Array.from({ length: 120 }, async () => {
    while (crowd.there) {
      const response = await fetch(`${s.server.url}/api/v1/rooms/${square.id}/changes?since=0&limit=500`, { headers: { Authorization: `Bearer ${owner.token}` } })
      await response.arrayBuffer()
      if (response.status === 503) crowd.refused++
    }
  })
  const note = ann.page.getByRole('status').filter({ hasText: 'Catching up…' })
  try {
    await until('the gate is full', () => crowd.refused > 0)
    // Now and then somebody gets through at once. That it is not she is no matter of luck here: she asks until the server refuses her.
    await ann.context.route(/\/changes\?/, async (route) => {
      try {
        let response = await route.fetch()
        while (crowd.there && response.status() !== 503) response = await route.fetch()
        await route.fulfill({ response })
      } catch {
        await route.abort().catch(() => {}) // the line was not back yet
      }
    })
    line.restore()
    await note.waitFor({ timeout: backMs })
    assert.equal(await ann.page.getByText("Some messages haven't arrived yet.").count(), 0, 'there is nothing for her to do')
  } finally {
    crowd.there = false
    await Promise.all(members)
  }
  await ann.shows(['Before the storm.', ...missed])
  await note.waitFor({ state: 'detached', timeout: backMs })
})
