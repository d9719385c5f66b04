// One person in more places than the server allows, and who else is there: connection caps, presence, and what a rate limit looks like.
import assert from 'node:assert/strict'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const refusing = stage('crowd-refusing', { PARLEY_SOCKET_PER_USER: '2' })
const closing = stage('crowd-closing', { PARLEY_SOCKET_PER_USER: '2', PARLEY_SOCKET_PER_USER_POLICY: 'close-oldest' })
const slow = stage('crowd-slow', { PARLEY_LIMIT_POST: '2/40s' })

/** A room that Ann shows in so many tabs. @param {import('../helpers/stage.mjs').Scene} s @param {number} n */
async function tabs(s, n) {
  const ann = await s.person('Ann')
  const room = await ann.account.createRoom(`tabs-${ann.account.user.id}`)
  const pages = []
  for (let i = 0; i < n; i++) {
    const page = i === 0 ? ann.page : await ann.context.newPage()
    const sockets = { opened: 0, answered: 0 }
    page.on('websocket', (socket) => {
      if (socket.url().includes('/api/v1/socket')) sockets.opened++
      socket.on('framereceived', ({ payload }) => {
        if (/"connect":/.test(String(payload))) sockets.answered++
      })
    })
    await page.goto(`/rooms/${room.id}`)
    await page.getByRole('log').waitFor()
    // Each has its turn, in order.
    await until(`tab ${i} has been answered`, async () => page.evaluate(() => document.querySelector('[data-connection-banner] button, [data-online]') !== null))
    pages.push({ page, sockets, banner: page.locator('[data-connection-banner]'), hears: (/** @type {string} */ text) => page.getByRole('article').filter({ hasText: text }).first().waitFor() })
  }
  return { ann, room, pages }
}

refusing.scene('a tab too many says so, still sends, and comes back when there is room', async (s) => {
  const { ann, room, pages } = await tabs(s, 3)
  const [first, second, third] = pages
  assert(first && second && third)
  await third.banner.getByText('Parley is open in too many places').waitFor()
  const composer = third.page.getByRole('textbox', { name: `Message #${room.name}`, exact: true })
  await composer.fill('From the crowded tab')
  await composer.press('Enter')
  await Promise.all([first.hears('From the crowded tab'), second.hears('From the crowded tab'), third.hears('From the crowded tab')])

  await third.banner.getByRole('button', { name: 'Try again' }).click()
  await until('it was tried', () => third.sockets.opened >= 2)
  await third.banner.getByText('Parley is open in too many places').waitFor()

  await first.page.close()
  await until('there is room', async () => {
    const again = third.banner.getByRole('button', { name: 'Try again' })
    if (await again.isVisible()) await again.click({ timeout: 1000 }).catch(() => {})
    return (await third.banner.textContent()) === ''
  })
  await ann.account.post(room.id, 'Welcome back')
  await Promise.all([second.hears('Welcome back'), third.hears('Welcome back')])
})

closing.scene('the oldest tab is paused, does not fight back, and can be used again', async (s) => {
  const { ann, room, pages } = await tabs(s, 3)
  const [first, second, third] = pages
  assert(first && second && third)
  await first.banner.getByText('so it is paused here').waitFor()
  await ann.account.post(room.id, 'To the newer two')
  await Promise.all([second.hears('To the newer two'), third.hears('To the newer two')])

  await first.banner.getByRole('button', { name: 'Use it here' }).click()
  await second.banner.getByText('so it is paused here').waitFor()
  await first.hears('To the newer two')
  await ann.account.post(room.id, 'To the others')
  await Promise.all([first.hears('To the others'), third.hears('To the others')])
  assert.equal(await first.banner.textContent(), '')
  assert.deepEqual(pages.map(({ sockets }) => sockets.answered), [2, 1, 1], 'nobody came back by itself')
})

refusing.scene('who is online has a dot, for as long as they are', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.person('Ben')]
  const room = await ann.account.createRoom(`dots-${ann.account.user.id}`)
  await ben.account.join(room.id)
  await ben.account.post(room.id, 'I was here')
  await ann.page.goto(`/rooms/${room.id}/details`)
  const message = await ann.hears('I was here')
  const dot = message.locator('[data-online]')
  const member = ann.page.getByRole('complementary', { name: 'Room details' }).getByRole('listitem').filter({ hasText: 'Ben' })
  await ann.page.getByRole('complementary', { name: 'Room details' }).getByRole('listitem').filter({ hasText: 'Ann' }).getByText('online').waitFor()
  assert.equal(await dot.count(), 0)
  await ben.enter(room)
  await dot.waitFor()
  await member.getByText('online').waitFor()
  const left = Date.now()
  await ben.page.reload()
  await ben.connected()
  // Who is away for longer than ten seconds is away, and a slow machine may need that long.
  if (Date.now() - left < 8000) assert.equal(await dot.count(), 1)
  await dot.waitFor()
  await ben.page.goto('about:blank')
  await until('the dot is gone', async () => (await dot.count()) === 0)
})

slow.scene('a message too soon is kept, counts down, and goes by itself', async (s) => {
  const ann = await s.person('Ann')
  ann.watch.expect(/status of 429/)
  const room = await ann.account.createRoom(`slow-${ann.account.user.id}`)
  await ann.enter(room)
  // They are let go together, and the limit has long pauses: on a slow machine the third would else not come too soon.
  /** @type {() => void} */ let letGo = () => {}
  const written = /** @type {Promise<void>} */ (new Promise((resolve) => (letGo = resolve)))
  await ann.context.route(/\/api\/v1\/rooms\/\d+\/messages$/, async (route) => {
    await written
    await route.continue()
  })
  for (const text of ['one', 'two', 'three']) await ann.say(room.name, text)
  await ann.message('three').waitFor()
  letGo()
  await ann.page.getByText(/Sending again in \d+ s/).waitFor()
  await ann.composer(room.name).fill('what I write meanwhile')
  await ann.shows(['one', 'two', 'three'])
  assert.equal(await ann.composer(room.name).inputValue(), 'what I write meanwhile')
})
