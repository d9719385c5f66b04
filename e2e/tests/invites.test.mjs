// Who comes in, and who is kept out: an owner, a guest with a link, and somebody who is sent away.
import assert from 'node:assert/strict'
import { password } from '../helpers/api.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const { scene } = stage('invites', { PARLEY_SIGN_UP: 'invite', PARLEY_LIMIT_SIGN_IN: 'off' })

/** @param {import('../helpers/person.mjs').Person} person */
async function peoplePage(person) {
  await person.page.getByRole('button', { name: 'Your menu' }).click()
  await person.page.getByRole('menuitem', { name: 'People & invites' }).click()
  await person.page.getByRole('heading', { name: 'People & invites' }).waitFor()
}

/** @param {import('../helpers/person.mjs').Person} guest @param {string} link */
async function join(guest, link) {
  await guest.page.goto(link)
  await guest.page.getByRole('textbox', { name: 'Username' }).fill(guest.username)
  await guest.page.getByRole('textbox', { name: 'Display name' }).fill(guest.name)
  await guest.page.getByLabel('Password', { exact: true }).fill(password)
  await guest.page.getByRole('button', { name: 'Create account' }).click()
}

scene('a link brings one person in, and nobody after them; who is deactivated is out at once', async (s) => {
  const ann = await s.person('Ann') // the first account: it owns the server
  const hall = await ann.account.createRoom('hall')
  await ann.open()
  await peoplePage(ann)

  await ann.page.getByRole('button', { name: 'Invite people' }).click()
  const dialog = ann.page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'They land in' }).selectOption({ label: '#hall' })
  await dialog.getByRole('textbox', { name: 'Note' }).fill('for Bo')
  await dialog.getByRole('textbox', { name: 'Note' }).press('Enter')
  const field = ann.page.getByRole('textbox', { name: 'Invite link' })
  const link = await field.inputValue()
  assert.match(link, /\/join#[\w-]{22}$/)
  await ann.page.keyboard.press('Escape')
  await ann.page.getByText('0 of 1 used').waitFor()

  const bo = await s.stranger('Bo')
  /** @type {string[]} */
  const addresses = []
  bo.page.on('request', (request) => addresses.push(request.url() + (request.headers().referer ?? '')))
  await bo.page.goto(link)
  await bo.page.getByText('Ann invites you to #hall').waitFor()
  await join(bo, link)
  await bo.log('hall').waitFor()
  assert.equal(new URL(bo.page.url()).pathname, `/rooms/${hall.id}`)
  const secret = link.split('#')[1] ?? assert.fail('no secret')
  assert.deepEqual(addresses.filter((address) => new URL(address).pathname.includes(secret) || address.includes(`?${secret}`)), [])

  const cem = await s.stranger('Cem')
  cem.watch.expectFailedRequests()
  await cem.page.goto(link)
  await cem.page.getByText('used as often as it may be').waitFor()
  assert.equal(await cem.page.getByRole('button', { name: 'Create account' }).count(), 0)
  await cem.page.goto('/signup')
  await cem.page.getByText('takes new people by invitation').waitFor()

  // Bo has the room open, on a live socket, when Ann sends him away.
  await bo.composer('hall').waitFor()
  await ann.page.getByRole('button', { name: 'People', exact: true }).click()
  await ann.page.getByRole('button', { name: 'Deactivate Bo' }).click()
  bo.watch.expectFailedRequests()
  const started = Date.now()
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click()
  await bo.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  const took = Date.now() - started
  await bo.page.getByRole('textbox', { name: 'Username' }).fill(bo.username)
  await bo.page.getByLabel('Password', { exact: true }).fill(password)
  await bo.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await bo.page.getByText('This account is deactivated').waitFor()
  console.log(`out after ${took} ms`)

  await ann.page.getByRole('button', { name: 'Reactivate Bo' }).click()
  await ann.page.getByText('Bo can sign in again.').waitFor()
  await bo.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await until('Bo is back', async () => (await bo.rooms.count()) === 1)
})
