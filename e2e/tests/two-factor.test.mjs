// What signs in besides a password: codes of an app, recovery codes, passkeys.
import assert from 'node:assert/strict'
import { password } from '../helpers/api.mjs'
import { picture } from '../helpers/picture.mjs'
import { asksForProof } from '../helpers/proof.mjs'
import { stage } from '../helpers/stage.mjs'
import { totp } from '../helpers/totp.mjs'

const { scene } = stage('two-factor')

/** @typedef {import('../helpers/person.mjs').Person} Person */

/** @param {Person} person @param {string} name */
const button = (person, name) => person.page.getByRole('button', { name, exact: true })

/** @param {Person} person @param {string} name */
const field = (person, name) => person.page.getByRole('textbox', { name, exact: true }).or(person.page.getByLabel(name, { exact: true }))

/** @param {Person} person @param {string} item */
async function choose(person, item) {
  await button(person, 'Your menu').click()
  await person.page.getByRole('menuitem', { name: item }).click()
}

/** @param {Person} person */
async function signOut(person) {
  await person.page.keyboard.press('Escape')
  await choose(person, 'Sign out')
  await button(person, 'Sign in').waitFor()
}

/** @param {Person} person */
async function giveThePassword(person) {
  await field(person, 'Username').fill(person.username)
  await field(person, 'Password').fill(password)
  await button(person, 'Sign in').click()
}

// What the server refuses is in the console too.
const refused = /status of 40[01] .*\/api\/v1\/(auth|me)\//

scene('two-step sign-in: turned on, asked for, replay refused, recovery code, turned off', async (s) => {
  const ann = await s.person('Ann')
  ann.watch.expect(refused)
  await ann.open()
  await choose(ann, 'Your account')
  await button(ann, 'Turn on').click()
  const secret = await ann.page.locator('code').innerText()
  await ann.page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor()
  await field(ann, 'Code from your app').fill(totp(secret))
  await button(ann, 'Turn on').click()
  const shown = ann.page.getByRole('list', { name: 'Your recovery codes' })
  await shown.waitFor() // what counts texts does not wait for any
  const codes = await shown.getByRole('listitem').allInnerTexts()
  assert.equal(codes.length, 10)
  const saved = ann.page.waitForEvent('download')
  await button(ann, 'Download').click()
  assert.equal((await saved).suggestedFilename(), 'parley-recovery-codes.txt')
  await button(ann, 'I have kept them').click()
  await ann.page.getByText('10 recovery codes left').waitFor()
  await signOut(ann)

  // Whoever looked over her shoulder stands ready: a code that is too old would be wrong, and not used.
  const eve = await s.stranger('Eve')
  eve.username = ann.username
  eve.watch.expect(refused)
  await eve.page.goto('/')
  await giveThePassword(eve)
  await field(eve, 'Code from your app').waitFor()

  await giveThePassword(ann)
  await field(ann, 'Code from your app').waitFor()
  const next = totp(secret, 1)
  await field(ann, 'Code from your app').fill(next)
  await button(ann, 'Sign in').click()
  await ann.rooms.waitFor()
  await field(eve, 'Code from your app').fill(next)
  await button(eve, 'Sign in').click()
  await eve.page.getByText('This code was used already.').waitFor()
  await signOut(ann)

  await giveThePassword(ann)
  await button(ann, 'Use a recovery code').click()
  await field(ann, 'Recovery code').fill(/** @type {string} */ (codes[0]).toUpperCase())
  await button(ann, 'Sign in').click()
  await ann.rooms.waitFor()
  await signOut(ann)

  await giveThePassword(ann)
  await button(ann, 'Use a recovery code').click()
  await field(ann, 'Recovery code').fill(/** @type {string} */ (codes[0]))
  await button(ann, 'Sign in').click()
  await ann.page.getByText('or it was used already.').waitFor()
  await field(ann, 'Recovery code').fill(/** @type {string} */ (codes[1]))
  await button(ann, 'Sign in').click()
  await ann.rooms.waitFor()

  await choose(ann, 'Your account')
  await button(ann, 'Turn off').click()
  await asksForProof(ann, 'me/two-factor/disable', { password: true, second_factor: true })
  await button(ann, 'Turn off').click()
  const again = ann.page.getByRole('dialog', { name: 'Is it still you?' })
  await again.getByLabel('Your password').fill('not my password')
  await again.getByRole('button', { name: 'Use a recovery code' }).click()
  await again.getByLabel('Recovery code').fill(/** @type {string} */ (codes[2]))
  await picture(ann, 'reauthenticate')
  await again.getByRole('button', { name: 'Continue' }).click()
  await again.getByText('This is not your current password.').waitFor()
  await again.getByLabel('Your password').fill(password)
  await again.getByRole('button', { name: 'Continue' }).click()
  // It goes on by itself, and the dialog below is still there.
  await button(ann, 'Turn on').waitFor()
  await signOut(ann)
  await giveThePassword(ann)
  await ann.rooms.waitFor()
})

/** Gives a page an authenticator in software that verifies its person. @param {Person} person */
async function authenticator(person) {
  const devtools = await person.context.newCDPSession(person.page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  })
  return { devtools, authenticatorId }
}

scene('a passkey signs in without a password or a code, until it is deleted', async (s) => {
  // Browsers have passkeys for names, not for addresses.
  const ann = await s.person('Ann', { baseURL: s.server.url.replace('127.0.0.1', 'localhost') })
  ann.watch.expect(refused)
  const { devtools, authenticatorId } = await authenticator(ann)
  await ann.open()
  await choose(ann, 'Your account')
  await button(ann, 'Add a passkey').click()
  await field(ann, 'Name').fill('My laptop')
  await button(ann, 'Add a passkey').click()
  await ann.page.getByText('My laptop').waitFor()
  await signOut(ann)

  await button(ann, 'Sign in with a passkey').click()
  await ann.rooms.waitFor()
  await choose(ann, 'Your account')
  await ann.page.getByText(/^Last used /).last().waitFor()
  await button(ann, 'Rename My laptop').click()
  await field(ann, 'Name').fill('Old laptop')
  await button(ann, 'Save').click()
  await button(ann, 'Delete Old laptop').click()
  await asksForProof(ann, 'me/passkeys/*', { password: true, passkey: true })
  await button(ann, 'Delete').click()
  await button(ann, 'Use a passkey').waitFor()
  await picture(ann, 'reauthenticate-passkey')
  await button(ann, 'Use a passkey').click()
  await ann.page.getByText('Old laptop').waitFor({ state: 'detached' })
  await signOut(ann)
  await button(ann, 'Sign in with a passkey').click()
  await ann.page.getByText('This server does not know that passkey.').waitFor()

  // Nobody verified: the browser has nothing to send.
  await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await button(ann, 'Sign in with a passkey').click()
  await ann.page.getByText('No passkey was used.').waitFor()
})

scene('a passkey takes the place of the second step', async (s) => {
  const ann = await s.person('Ann', { baseURL: s.server.url.replace('127.0.0.1', 'localhost') })
  // What is asked for while signing out is refused.
  ann.watch.expect(refused)
  await authenticator(ann)
  await ann.open()
  await choose(ann, 'Your account')
  await button(ann, 'Add a passkey').click()
  await field(ann, 'Name').fill('Phone')
  await button(ann, 'Add a passkey').click()
  await ann.page.getByText('Phone', { exact: true }).waitFor()
  const { ticket, secret } = await ann.account.call('POST', '/api/v1/me/two-factor/begin')
  await ann.account.call('POST', '/api/v1/me/two-factor/confirm', { ticket, code: totp(secret) })
  await signOut(ann)
  await giveThePassword(ann)
  await ann.page.getByRole('heading', { name: 'One more step.' }).waitFor()
  await button(ann, 'Sign in with a passkey').click()
  await ann.rooms.waitFor()
})
