// Who is signed in, for how long, and in how many tabs.
import assert from 'node:assert/strict'
import { password } from '../helpers/api.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const { scene } = stage('session')

/** @param {import('../helpers/person.mjs').Person} person */
const signInButton = (person) => person.page.getByRole('button', { name: 'Sign in', exact: true })

/** @param {import('../helpers/person.mjs').Person} person */
async function openMenu(person) {
  await person.page.getByRole('button', { name: 'Your menu' }).click()
  return person.page.getByRole('menu', { name: 'Your menu' })
}

scene('a reload keeps the person signed in, in the same room', async (s) => {
  const ann = await s.person('Ann')
  const room = await ann.account.createRoom('berth')
  await ann.account.post(room.id, 'Still here.')
  await ann.enter(room)
  for (let round = 0; round < 3; round++) {
    await ann.page.reload()
    await ann.hears('Still here.')
  }
  assert.equal(new URL(ann.page.url()).pathname, `/rooms/${room.id}`)
})

scene('no token is kept where a script of a later page could find it', async (s) => {
  const ann = await s.person('Ann')
  await ann.open()
  const found = await ann.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  assert.doesNotMatch(found, /eyJ|parley_rt/)
  const cookie = (await ann.context.cookies()).find(({ name }) => name.endsWith('parley_rt'))
  assert.equal(cookie?.httpOnly, true)
  assert.equal(cookie?.sameSite, 'Strict')
})

scene('signing out ends the session, in every tab and on the server', async (s) => {
  const ann = await s.person('Ann')
  await ann.open()
  const other = await ann.context.newPage()
  await other.goto('/')
  await other.getByRole('navigation', { name: 'Rooms' }).waitFor()
  const kept = await ann.context.cookies()

  ann.watch.expect(/status of 401/) // what the other page asks for while its session ends is refused
  await (await openMenu(ann)).getByRole('menuitem', { name: 'Sign out' }).click()
  await signInButton(ann).waitFor()
  await other.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await ann.page.reload()
  await signInButton(ann).waitFor()

  // The old cookie, had somebody copied it, opens nothing.
  await ann.context.addCookies(kept)
  const refresh = await ann.context.request.post('/api/v1/auth/refresh', { headers: { 'X-Parley': '1' } })
  assert.equal(refresh.status(), 401)
})

scene('signing out without a network holds when the page is opened again with one', async (s) => {
  const ann = await s.person('Ann')
  await ann.open()
  ann.watch.expectFailedRequests()
  const kept = await ann.context.cookies()
  const menu = await openMenu(ann) // which is fetched when it is first opened
  await ann.context.setOffline(true)
  await menu.getByRole('menuitem', { name: 'Sign out' }).click()
  await signInButton(ann).waitFor()
  await ann.context.setOffline(false)
  await ann.page.reload()
  await signInButton(ann).waitFor()
  await ann.context.addCookies(kept)
  const refresh = await ann.context.request.post('/api/v1/auth/refresh', { headers: { 'X-Parley': '1' } })
  assert.equal(refresh.status(), 401)
})

scene('somebody else who signs in afterwards sees nothing of the one before', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.account('Ben')]
  const room = await ann.account.createRoom('log book', { kind: 'private' })
  await ann.account.post(room.id, 'A secret of mine.')
  await ann.enter(room)
  await ann.composer(room.name).fill('A draft of mine.')
  await (await openMenu(ann)).getByRole('menuitem', { name: 'Sign out' }).click()
  await signInButton(ann).waitFor()

  ann.watch.expect(/status of 404/)
  await ann.page.getByRole('textbox', { name: 'Username' }).fill(ben.user.username)
  await ann.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await signInButton(ann).click()
  await ann.page.getByText('This room is not here.').waitFor()
  assert.equal(await ann.page.getByText('log book').count(), 0)
  assert.doesNotMatch(await ann.page.evaluate(() => JSON.stringify({ ...localStorage })), /draft of mine/)
})

scene('tabs that load at the same moment all stay signed in, and all hear and speak', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.account('Ben')]
  const room = await ann.account.createRoom('crossing')
  await ben.join(room.id)
  await ann.enter(room)
  const tabs = [ann.page, await ann.context.newPage(), await ann.context.newPage()]
  // The refresh token rotates on every use: three pages at once must not look like a thief.
  for (let round = 0; round < 3; round++) {
    await Promise.all(tabs.map((page) => page.goto(`/rooms/${room.id}`)))
    await Promise.all(tabs.map((page) => page.getByRole('log').waitFor()))
  }
  await ben.post(room.id, 'Ferry leaves at nine.')
  for (const page of tabs) await page.getByRole('log').getByText('Ferry leaves at nine.').waitFor()
  for (const [i, page] of tabs.entries()) {
    ann.page = page
    await ann.say(room.name, `Tab ${i} is aboard.`)
  }
  const all = ['Ferry leaves at nine.', 'Tab 0 is aboard.', 'Tab 1 is aboard.', 'Tab 2 is aboard.']
  for (const page of tabs) {
    ann.page = page
    await ann.shows(all)
  }
})

scene('a session that was ended elsewhere asks to sign in again and keeps what was being written', async (s) => {
  const ann = await s.person('Ann')
  const room = await ann.account.createRoom('anchorage')
  await ann.enter(room)
  await ann.composer(room.name).fill('Half a thought')
  ann.watch.expect(/status of 401/) // what the page asks for while its session ends is refused
  const gone = await ann.context.request.post('/api/v1/auth/logout', { headers: { 'X-Parley': '1' } })
  assert.equal(gone.status(), 204)

  await ann.page.reload()
  await ann.page.getByRole('textbox', { name: 'Username' }).fill(ann.username)
  await ann.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await signInButton(ann).click()
  await until('the draft is back', async () => (await ann.composer(room.name).inputValue()) === 'Half a thought')
  assert.equal(new URL(ann.page.url()).pathname, `/rooms/${room.id}`)
})

scene('the theme that was chosen is in the page that the server sends, so that nothing flashes', async (s) => {
  const ann = await s.person('Ann', { colorScheme: 'light' })
  await ann.open()
  const background = () => ann.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const theme = () => ann.page.locator('html').getAttribute('data-theme')
  assert.equal(await theme(), 'system')
  const light = await background()

  await (await openMenu(ann)).getByRole('menuitemradio', { name: 'Dark' }).click()
  await until('it is dark', async () => (await background()) !== light)
  const dark = await background()
  assert.equal(await theme(), 'dark')

  const served = await (await ann.context.request.get('/')).text()
  assert.match(served, /<html[^>]* data-theme="dark"/)
  await ann.page.goto('/', { waitUntil: 'commit' })
  await until('the page has a body', () => ann.page.evaluate(() => document.body !== null))
  assert.equal(await theme(), 'dark', 'before any script ran')
  await ann.rooms.waitFor()
  assert.equal(await background(), dark)

  await (await openMenu(ann)).getByRole('menuitemradio', { name: 'System' }).click()
  await until('it is as the system says', async () => (await background()) === light)
  await ann.page.emulateMedia({ colorScheme: 'dark' })
  await until('it follows the system', async () => (await background()) === dark)
})
