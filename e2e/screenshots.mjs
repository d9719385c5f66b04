// Makes the pictures of docs/images: npm --prefix e2e run screenshots. A believable community is seeded over the API into a server of its
// own, and photographed as Priya sees it. Everything is the real thing except the hour: the API gives nothing a time in the past, so the
// browser is shown one, which also makes the pictures the same on any day.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Account } from './helpers/api.mjs'
import { launch } from './helpers/browser.mjs'
import { Person } from './helpers/person.mjs'
import { startServer } from './helpers/server.mjs'
import { connect, openSDK } from './helpers/socket.mjs'
import { until } from './helpers/until.mjs'

const images = fileURLToPath(new URL('../docs/images/', import.meta.url))
const day = '2026-11-20'
const now = new Date(`${day}T09:42:20Z`)
const desktop = { viewport: { width: 1440, height: 900 } }
const tablet = { viewport: { width: 1024, height: 768 } }
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }

const names = { priya: 'Priya Raman', theo: 'Theo Lindqvist', maya: 'Maya Okafor', jonas: 'Jonas Weber', ines: 'Inês Carvalho', wen: 'Wen Zhao' }
/** @typedef {keyof typeof names} Name */

/** @type {{ name: string, topic: string, kind?: string, by: Name, members: Name[], unread: number }[]} */
const rooms = [
  { name: 'releases', topic: 'What ships, when, and how to undo it', by: 'maya', members: ['priya', 'theo', 'jonas', 'ines', 'wen'], unread: 0 },
  { name: 'design-review', topic: 'Show it before it is finished', by: 'ines', members: ['priya', 'maya', 'wen'], unread: 0 },
  { name: 'frontend', topic: 'Everything a person touches', by: 'jonas', members: ['priya', 'ines', 'wen'], unread: 12 },
  { name: 'infrastructure', topic: 'Machines, disks and the cost of both', by: 'theo', members: ['priya', 'jonas'], unread: 0 },
  { name: 'reading-club', topic: 'This month: The Soul of a New Machine', by: 'wen', members: ['priya', 'maya', 'theo'], unread: 3 },
  { name: 'random', topic: '', by: 'theo', members: ['priya', 'maya', 'jonas', 'ines', 'wen'], unread: 0 },
  { name: 'founders', topic: 'The three of us', kind: 'private', by: 'priya', members: ['maya', 'theo'], unread: 1 },
]

/** @type {{ at: string, who: Name, says: string, first?: string, seen?: boolean }[]} `first` is what it said before an edit */
const talk = [
  { at: '08:51', who: 'wen', says: 'Morning all. Staging has been quiet since yesterday evening.' },
  { at: '09:12', who: 'theo', says: 'Queue depth is climbing again after the import. Nothing is failing, it is just **slow**.' },
  { at: '09:13', who: 'theo', says: 'I raised the worker pool to four. It drained in about ten minutes.' },
  {
    at: '09:26',
    who: 'maya',
    says: 'Nice catch. For the release notes, this is the whole change:\n\n```go\nfunc (p *Pool) Resize(n int) {\n\tp.sem.SetLimit(n) // drains before it shrinks\n\tslog.Info("pool resized", "workers", n)\n}\n```',
  },
  { at: '09:29', who: 'theo', says: 'Does it wait for running jobs, or drop them?' },
  { at: '09:30', who: 'maya', says: '> Does it wait for running jobs\n\nIt waits. A job keeps its slot until it returns; new ones see the new limit.', seen: true },
  {
    at: '09:34',
    who: 'jonas',
    first: 'The build is green.',
    says: 'The build is green and the migration sits behind a flag, so rolling back won’t touch data. The [runbook](https://example.org/runbook) is updated.',
  },
  { at: '09:41', who: 'ines', says: 'Priya, can you give the wording in the changelog one last look? Then I’ll cut `v0.9.0` before lunch.' },
]

/** @param {string} url */
async function seed(url) {
  const people = /** @type {Record<Name, Account>} */ ({})
  for (const [username, name] of Object.entries(names)) people[/** @type {Name} */ (username)] = await Account.signUp(url, username, name)
  /** @type {Map<number, string>} when each message was said, by id */
  const times = new Map()
  const made = /** @type {Record<string, import('./helpers/api.mjs').Room>} */ ({})
  for (const { name, topic, kind, by, members, unread } of rooms) {
    const room = await people[by].createRoom(name, { topic, kind })
    made[name] = room
    for (const member of members) {
      if (kind === 'private') await people[by].call('POST', `/api/v1/rooms/${room.id}/members`, { username: member })
      else await people[member].join(room.id)
    }
    const other = members.find((member) => member !== 'priya') ?? by
    for (let i = 0; i < unread; i++) await people[other].post(room.id, `Something about ${name}, part ${i + 1}.`)
  }
  let read = 0
  for (const { at, who, says, first, seen } of talk) {
    const room = made.releases?.id ?? 0
    let message = await people[who].post(room, first ?? says)
    if (first) message = await people[who].edit(room, message.number, says)
    if (seen) read = message.number
    times.set(message.id, at)
  }
  return { people, rooms: made, times, read }
}

const server = await startServer()
const browser = await launch()
try {
  await mkdir(images, { recursive: true })
  const { people, rooms: made, times, read } = await seed(server.url)
  const releases = made.releases
  const review = made['design-review']
  if (!releases || !review) throw new Error('the rooms were not made')
  const theo = openSDK(server.url, { token: people.theo.token })
  await connect(theo)

  /** @param {string} name @param {import('playwright-core').BrowserContextOptions} options */
  const arrive = async (name, options) => {
    const priya = await Person.arrive(browser, server.url, 'Priya Raman', { timezoneId: 'UTC', locale: 'en-GB', ...options })
    await priya.context.clock.setFixedTime(now)
    await priya.context.route('**/api/v1/rooms/*/messages?*', async (route) => {
      const response = await route.fetch()
      const page = await response.json()
      for (const message of page.items) {
        message.created_at = `${day}T${times.get(message.id) ?? '08:00'}:00.000Z`
        if (message.edited_at) message.edited_at = message.created_at
      }
      await route.fulfill({ response, json: page })
    })
    await priya.context.route(/\/api\/v1\/rooms$/, async (route) => {
      const response = await route.fetch()
      const list = await response.json()
      for (const room of list.items) room.created_at = '2026-03-02T08:00:00.000Z'
      await route.fulfill({ response, json: list })
    })
    // Each picture is a sign-in from a new device to the server, and would say so.
    await priya.context.route('**/api/v1/me/notices', (route) => route.fulfill({ json: { items: [] } }))
    // The mark only moves forward, and looking moves it: it is held where it was for the time of the pictures.
    await priya.context.route('**/api/v1/rooms/*/read', (route) => route.fulfill({ json: { room_id: releases.id, last_read_number: read } }))
    return { priya, shoot: () => shoot(priya, name) }
  }

  /** @param {Person} priya @param {string} name */
  const shoot = async (priya, name) => {
    await priya.page.evaluate(() => document.fonts.ready)
    await priya.page.mouse.move(0, 0)
    await priya.page.screenshot({ path: path.join(images, `${name}.png`), animations: 'disabled', caret: 'initial' })
    if (priya.watch.faults.length > 0) throw new Error(`${name}: ${priya.watch.faults.join('\n')}`)
    await priya.context.close()
    console.log(`${name}.png`)
  }

  /** @param {string} name @param {import('playwright-core').BrowserContextOptions} options @param {boolean} details */
  const room = async (name, options, details) => {
    const { priya, shoot } = await arrive(name, options)
    await priya.context.request.post('/api/v1/auth/login', { data: { username: 'priya', password: 'correct horse battery' } })
    await priya.enter(review)
    await priya.composer('design-review').fill('The margin reads better with the names ')
    await priya.page.goto(`/rooms/${releases.id}${details ? '/details' : ''}`)
    await priya.hears('v0.9.0')
    if (details) await priya.page.getByRole('complementary', { name: 'Room details' }).getByText('Wen Zhao').waitFor()
    await priya.composer('releases').fill('On it, two minutes')
    await until('Theo types', async () => {
      await theo.rpc('typing.start', { room_id: releases.id })
      return priya.page.getByRole('status').filter({ hasText: 'Theo Lindqvist is typing…' }).isVisible()
    })
    await shoot()
  }

  await people.priya.markRead(releases.id, read)
  await room('desktop-light', { ...desktop, colorScheme: 'light' }, true)
  await room('desktop-dark', { ...desktop, colorScheme: 'dark' }, true)
  await room('tablet-light', { ...tablet, colorScheme: 'light' }, false)
  await room('phone-light', { ...phone, colorScheme: 'light' }, false)
  await room('phone-dark', { ...phone, colorScheme: 'dark' }, false)

  const { priya, shoot: shootSignIn } = await arrive('signin-light', { ...desktop, colorScheme: 'light' })
  await priya.page.goto('/')
  await priya.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await shootSignIn()
  theo.disconnect()
} finally {
  await browser.close()
  await server.stop()
}
