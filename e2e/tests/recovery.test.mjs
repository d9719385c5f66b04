// A forgotten password, an address to get a new one by, and the links in mails, through a real mail server.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { password } from '../helpers/api.mjs'
import { Mailbox } from '../helpers/mailbox.mjs'
import { picture } from '../helpers/picture.mjs'
import { asksForProof } from '../helpers/proof.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const box = await Mailbox.open()
after(() => box.close())
const { scene } = stage('recovery', box.settings)
const fresh = 'a wholly new phrase'

/** @param {import('../helpers/person.mjs').Person} person */
async function account(person) {
  await person.page.getByRole('button', { name: 'Your menu' }).click()
  await person.page.getByRole('menuitem', { name: 'Your account' }).click()
  return person.page.getByRole('dialog')
}

/** Shows once more who is there. @param {import('../helpers/person.mjs').Person} person */
async function prove(person) {
  const question = person.page.getByRole('dialog', { name: 'Is it still you?' })
  await question.getByLabel('Your password').fill(password)
  await question.getByRole('button', { name: 'Continue' }).click()
}

scene('an address is given at sign-up, confirmed by a link, and leads back in when the password is forgotten', async (s) => {
  const [ann, phone, thief] = [await s.stranger('Ann'), await s.stranger('Phone'), await s.stranger('Thief')]
  const address = `${ann.username}@example.org`
  await ann.page.goto('/signup')
  await ann.page.getByRole('textbox', { name: 'Username' }).fill(ann.username)
  await ann.page.getByRole('textbox', { name: 'E-mail address' }).fill(address)
  await ann.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await picture(ann, 'sign-up')
  await ann.page.getByRole('button', { name: 'Create account' }).click()
  await ann.rooms.waitFor()

  const dialog = await account(ann)
  await dialog.getByText('Waits to be confirmed').waitFor()
  const first = await box.next(address, /Confirm/)
  await dialog.getByRole('button', { name: 'Send the link again' }).click()
  await dialog.getByText('Sent. The links before it work no more.').waitFor()
  await picture(ann, 'account-pending')
  const second = await box.next(address, /Confirm/)
  assert.ok(first.link && second.link)

  thief.watch.expect(/status of 400/)
  await thief.page.goto(first.link)
  await picture(thief, 'verify')
  await thief.page.getByRole('button', { name: 'Confirm the address' }).click()
  await thief.page.getByRole('heading', { name: 'This link does not work any more.' }).waitFor()
  await picture(thief, 'over')
  const tab = await ann.context.newPage()
  await tab.goto(second.link)
  await tab.getByRole('button', { name: 'Confirm the address' }).click()
  assert.equal(new URL(tab.url()).hash, '', 'the token stays in the address bar')
  await tab.getByRole('heading', { name: 'Your address is confirmed.' }).waitFor()
  await tab.close()
  await ann.page.reload()
  await (await account(ann)).getByText('Confirmed', { exact: true }).waitFor()
  await picture(ann, 'account-confirmed')

  await phone.page.goto('/')
  await picture(phone, 'sign-in')
  await phone.page.getByRole('link', { name: 'Forgot your password?' }).click()
  await phone.page.getByRole('textbox', { name: 'Username or e-mail address' }).fill(address.toUpperCase())
  await picture(phone, 'forgot')
  await phone.page.getByRole('button', { name: 'Send the link' }).click()
  await phone.page.getByRole('heading', { name: 'Look in your mailbox.' }).waitFor()
  await picture(phone, 'sent')
  const reset = await box.next(address, /new password/)
  assert.ok(reset.link)
  await phone.page.goto(reset.link)
  await phone.page.getByRole('textbox', { name: 'Password' }).fill('password1234')
  phone.watch.expect(/status of 400/)
  await phone.page.getByRole('button', { name: 'Save the password' }).click()
  await phone.page.getByText('Many people use this password').waitFor()
  await picture(phone, 'reset')
  ann.watch.expect(/status of 401/) // what her page asks for while her session ends is refused, and so is her cookie afterwards
  await phone.page.getByRole('textbox', { name: 'Password' }).fill(fresh)
  await phone.page.getByRole('button', { name: 'Save the password' }).click()
  await phone.page.getByRole('heading', { name: 'Your password is changed.' }).waitFor()
  await picture(phone, 'done')

  // The desk is signed out, as is everything else.
  await ann.page.goto('/')
  await ann.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await box.next(address, /was changed/)

  // The link was good once, and the old password is none.
  await thief.page.goto(reset.link)
  await thief.page.getByRole('textbox', { name: 'Password' }).fill('yet another phrase')
  await thief.page.getByRole('button', { name: 'Save the password' }).click()
  await thief.page.getByRole('heading', { name: 'This link does not work any more.' }).waitFor()
  await phone.page.getByRole('link', { name: 'Sign in' }).click()
  phone.watch.expect(/status of 401/)
  for (const [tried, works] of /** @type {const} */ ([[password, false], [fresh, true]])) {
    await phone.page.getByRole('textbox', { name: 'Username' }).fill(ann.username)
    await phone.page.getByRole('textbox', { name: 'Password' }).fill(tried)
    await phone.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    if (works) await phone.rooms.waitFor()
    else await phone.page.getByRole('alert').waitFor()
  }
})

scene('an address is changed after a proof; the old one is told, and counts until the new one is confirmed; removed, it is told too', async (s) => {
  const ann = await s.person('Ann')
  const [old, next] = [`${ann.username}@example.org`, `${ann.username}@example.net`]
  await ann.open()
  const dialog = await account(ann)
  await dialog.getByRole('button', { name: 'Add an address' }).click()
  const form = dialog.getByRole('form', { name: 'E-mail address' })
  await dialog.getByRole('textbox', { name: 'New address' }).fill(old)
  assert.equal(await form.getByLabel('Current password').count(), 0)
  await picture(ann, 'account-change')
  await asksForProof(ann, 'me/email', { password: true })
  await dialog.getByRole('button', { name: 'Send the link' }).click()
  await prove(ann)
  await dialog.getByText('Waits to be confirmed').waitFor()
  const { link } = await box.next(old, /Confirm/)
  const token = new URL(link ?? '').hash.slice(1)
  const confirmed = await ann.context.request.post('/api/v1/auth/email/confirm', { data: { token } })
  assert.equal(confirmed.status(), 204)

  await ann.page.reload()
  const again = await account(ann)
  await again.getByText('Confirmed', { exact: true }).waitFor()
  await again.getByRole('button', { name: 'Change the address' }).click()
  await again.getByRole('textbox', { name: 'New address' }).fill(next)
  await again.getByRole('button', { name: 'Send the link' }).click()
  await again.getByText(next).waitFor()
  assert.ok(await again.getByText(old).isVisible())
  const told = await box.next(old, /being changed/)
  assert.equal(told.link, undefined)
  assert.doesNotMatch(told.text, new RegExp(next))
  await box.next(next, /Confirm/)
  await until('the dialog says so', async () => (await again.getByText('Waits to be confirmed').count()) === 1)

  await again.getByRole('button', { name: 'Remove', exact: true }).click()
  await asksForProof(ann, 'me/email', { password: true })
  const question = ann.page.getByRole('dialog', { name: 'Remove your e-mail address?' })
  await picture(ann, 'address-remove')
  await question.getByRole('button', { name: 'Remove' }).click()
  await prove(ann)
  await again.getByText('Your account has no e-mail address any more.').waitFor()
  await again.getByRole('button', { name: 'Add an address' }).waitFor()
  assert.equal((await box.next(old, /was removed/)).link, undefined)
})
