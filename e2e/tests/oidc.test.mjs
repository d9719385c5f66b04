// Signing in through another place: a real provider, another site to the browser.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { Account, password, uniqueUsername } from '../helpers/api.mjs'
import { IdentityProvider } from '../helpers/provider.mjs'
import { picture } from '../helpers/picture.mjs'
import { asksForProof } from '../helpers/proof.mjs'
import { stage } from '../helpers/stage.mjs'

const provider = await IdentityProvider.start()
const { scene } = stage('oidc', { ...provider.settings, PARLEY_OIDC_CORP_ROLE_MAP: 'operations=admin' })
after(() => provider.stop())

/** @typedef {import('../helpers/person.mjs').Person} Person */

/** Somebody whom Parley has not seen. @param {import('../helpers/stage.mjs').Scene} s @param {string} name */
async function stranger(s, name) {
  provider.serve(s.server.url)
  const person = await s.stranger(name)
  // The provider's page wants a font from afar.
  await person.context.route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css', body: '' }))
  await person.context.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }))
  return person
}

/** At the provider: who I am, and that Parley may know it. @param {Person} person @param {string} name */
async function agree(person, name) {
  await person.page.getByPlaceholder('Enter any login').fill(name)
  await person.page.getByPlaceholder('and password').fill('any')
  await person.page.getByRole('button', { name: 'Sign-in' }).click()
  await person.page.getByRole('button', { name: 'Continue' }).click()
}

/** @param {Person} person */
const button = (person) => person.page.getByRole('link', { name: 'Continue with The Company' })

/** @param {Person} person */
async function openMenu(person) {
  await person.page.getByRole('button', { name: 'Your menu' }).click()
  return person.page.getByRole('menu', { name: 'Your menu' })
}

/** @param {Person} person */
async function openAccount(person) {
  await (await openMenu(person)).getByRole('menuitem', { name: 'Your account' }).click()
  return person.page.getByRole('dialog', { name: 'Your account' })
}

scene('somebody new gets an account, stays signed in, and comes back to the same one', async (s) => {
  const ann = await stranger(s, 'Ann')
  const name = uniqueUsername('ann')
  await ann.page.goto('/')
  await button(ann).click()
  await ann.page.waitForURL(`${provider.issuer}/**`)
  await agree(ann, name)
  await ann.rooms.waitFor()
  assert.equal(new URL(ann.page.url()).origin, s.server.url)
  await ann.page.getByText(`@${name}`).waitFor()

  const cookies = await ann.context.cookies(s.server.url)
  assert.equal(cookies.find(({ name }) => name === 'parley_rt')?.sameSite, 'Strict')
  assert.equal(cookies.find(({ name }) => name === 'parley_oidc'), undefined, 'what bound the sign-in to this browser is gone')
  assert.doesNotMatch(await ann.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])), /eyJ/)
  await ann.page.reload()
  await ann.rooms.waitFor()

  await (await openMenu(ann)).getByRole('menuitem', { name: 'Sign out' }).click()
  // The provider remembers: one click is enough.
  await button(ann).click()
  await ann.rooms.waitFor()
  await ann.page.getByText(`@${name}`).waitFor()
})

scene('saying no at the provider leads back to the page, which says so', async (s) => {
  const ben = await stranger(s, 'Ben')
  await ben.page.goto('/')
  await button(ben).click()
  await ben.page.getByRole('link', { name: 'Cancel' }).click()
  await ben.page.getByRole('alert').filter({ hasText: 'You were not signed in by The Company' }).waitFor()
  await ben.page.waitForURL(`${s.server.url}/`) // without what the provider put there
  await ben.page.reload()
  await button(ben).waitFor()
  assert.equal(await ben.page.getByRole('alert').count(), 0)
})

scene('an account that is there is connected by its owner, and then opens by the provider too', async (s) => {
  const cem = await stranger(s, 'Cem')
  const name = uniqueUsername('cem')
  await cem.signUpQuietly()
  await cem.open()
  const dialog = await openAccount(cem)
  await dialog.getByRole('button', { name: 'Connect The Company' }).click()
  await agree(cem, name)
  await cem.page.getByRole('status').filter({ hasText: 'You can sign in with The Company from now on' }).waitFor()
  await cem.page.waitForURL((url) => url.search === '')

  await (await openMenu(cem)).getByRole('menuitem', { name: 'Sign out' }).click()
  await button(cem).click()
  await cem.rooms.waitFor()
  await cem.page.getByText(`@${cem.username}`).waitFor()

  const again = await openAccount(cem)
  await again.getByText(`${name}@example.org`).waitFor()
  await again.getByRole('button', { name: 'Disconnect The Company' }).click()
  await again.getByText('Not connected').waitFor()
})

scene('the only way in stays until there is a password', async (s) => {
  const dee = await stranger(s, 'Dee')
  const name = uniqueUsername('dee')
  await dee.page.goto('/')
  await button(dee).click()
  await agree(dee, name)
  await dee.rooms.waitFor()
  const dialog = await openAccount(dee)
  await dialog.getByText('Your only way in').waitFor()
  assert.equal(await dialog.getByLabel('Current password').count(), 0)
  await dialog.getByLabel('New password').fill(password)
  await asksForProof(dee, 'me/password', { providers: ['corp'] })
  await dialog.getByRole('button', { name: 'Set password' }).click()
  // The provider asks anew although it remembers, in a window of its own; what waits here goes on by itself.
  const signIn = dee.page.getByRole('dialog', { name: 'Is it still you?' }).getByRole('button', { name: 'Sign in again at The Company' })
  await signIn.waitFor()
  await picture(dee, 'reauthenticate-provider')
  const opened = dee.context.waitForEvent('page')
  await signIn.click()
  const there = await opened
  await there.getByPlaceholder('Enter any login').fill(name)
  await there.getByPlaceholder('and password').fill('any')
  await there.getByRole('button', { name: 'Sign-in' }).click()
  await dialog.getByRole('button', { name: 'Disconnect The Company' }).click()
  await dialog.getByText('Not connected').waitFor()
})

scene('who is in a group at the provider has its role here, until they are not', async (s) => {
  const gil = await stranger(s, 'Gil')
  const name = uniqueUsername('gil')
  const role = async () => {
    const answer = await gil.page.waitForResponse((response) => response.url().endsWith('/api/v1/auth/refresh') && response.status() === 200)
    return (await answer.json()).user.role
  }
  await Account.signUp(s.server.url, uniqueUsername('host')) // whoever is first owns the server, and the last owner stays one
  provider.groups.set(name, ['operations', 'choir'])
  await gil.page.goto('/')
  await button(gil).click()
  const first = role()
  await agree(gil, name)
  assert.equal(await first, 'admin')
  await gil.rooms.waitFor()
  await (await openMenu(gil)).getByRole('menuitem', { name: 'Sign out' }).click()

  provider.groups.set(name, ['choir'])
  await button(gil).waitFor()
  const second = role()
  await button(gil).click()
  assert.equal(await second, 'member')
})

scene('an answer to what another browser began opens nothing here', async (s) => {
  const [eve, fay] = [await stranger(s, 'Eve'), await stranger(s, 'Fay')]
  /** @type {string | undefined} */ let kept
  eve.page.on('request', (request) => {
    if (request.url().includes('/callback?')) kept = request.url()
  })
  await eve.page.goto('/')
  await button(eve).click()
  await eve.page.waitForURL(`${provider.issuer}/**`) // so that she has been given it
  // Without it she is as any other browser, and the answer is not spent when she brings it.
  await eve.context.clearCookies({ name: 'parley_oidc' })
  await agree(eve, uniqueUsername('eve'))
  await eve.page.getByRole('alert').filter({ hasText: 'begun in another window' }).waitFor()

  await fay.page.goto(kept ?? assert.fail('Eve was not sent back'))
  await fay.page.getByRole('alert').filter({ hasText: 'begun in another window' }).waitFor()
  for (const { context } of [eve, fay]) {
    assert.equal((await context.cookies(s.server.url)).find(({ name }) => name === 'parley_rt'), undefined)
  }
})
