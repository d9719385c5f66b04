// Two people and a room: the way from no account to a conversation, and what each sees of the other.
import assert from 'node:assert/strict'
import { password } from '../helpers/api.mjs'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const { scene } = stage('talk')

/** Two people in a room of theirs. @param {import('../helpers/stage.mjs').Scene} scene @param {string} name */
async function together(scene, name) {
  const [ann, ben] = [await scene.person('Ann'), await scene.person('Ben')]
  const room = await ann.account.createRoom(`${name}-${ann.account.user.id}`)
  await ben.account.join(room.id)
  return { ann, ben, room }
}

scene('two people sign up, one makes a room, the other finds it, and they talk', async (s) => {
  const [ann, ben] = [await s.stranger('Ann'), await s.stranger('Ben')]
  for (const { page, username, name } of [ann, ben]) {
    await page.goto('/')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByRole('textbox', { name: 'Username' }).fill(username)
    await page.getByRole('textbox', { name: 'Display name' }).fill(name)
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('navigation', { name: 'Rooms' }).waitFor()
  }

  await ann.rooms.getByRole('button', { name: 'Create room' }).click()
  const dialog = ann.page.getByRole('dialog', { name: 'Create a room' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('boathouse')
  await dialog.getByRole('textbox', { name: 'Topic' }).fill('Oars, varnish and weather')
  await dialog.getByRole('radio', { name: 'Public' }).check()
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  await dialog.waitFor({ state: 'hidden' })
  await ann.roomLink('boathouse').waitFor()

  await ben.rooms.getByRole('button', { name: 'Browse rooms' }).click()
  const found = ben.page.getByRole('listitem').filter({ hasText: 'Oars, varnish and weather' })
  await found.getByRole('button', { name: 'Join boathouse' }).click()
  await ben.roomLink('boathouse').waitFor()

  await ann.say('boathouse', 'Is anybody down here?')
  await ben.hears('Is anybody down here?')
  await ben.composer('boathouse').fill('Just me and the swans.')
  await ben.page.getByRole('button', { name: 'Send' }).click()
  await ann.hears('Just me and the swans.')

  const words = ['Is anybody down here?', 'Just me and the swans.']
  assert.deepEqual(await ann.shows(words), await ben.shows(words), 'both see the same, down to the ids')
  assert.equal(await ann.composer('boathouse').inputValue(), '')
  await assert.doesNotReject(ben.message(words[0] ?? '').getByText('Ann').first().waitFor(), 'whose words they are')
})

scene('what is wrong with a sign-up is said beside the field, and signing in with the wrong password says so', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.stranger('Ben')]
  ben.watch.expect(/status of 4\d\d/)
  await ben.page.goto('/signup')
  const username = ben.page.getByRole('textbox', { name: 'Username' })
  await username.fill(ann.username)
  await ben.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await ben.page.getByRole('button', { name: 'Create account' }).click()
  await until('the username is marked', async () => (await username.getAttribute('aria-invalid')) === 'true')

  await ben.page.getByRole('link', { name: 'Sign in instead' }).click()
  await ben.page.getByRole('textbox', { name: 'Username' }).fill(ann.username)
  await ben.page.getByRole('textbox', { name: 'Password' }).fill('not the password')
  await ben.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await ben.page.getByRole('alert').waitFor()

  await ben.page.getByRole('textbox', { name: 'Password' }).fill(password)
  await ben.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await ben.rooms.waitFor()
})

scene('the typing line names who types, not oneself, and goes when they send', async (s) => {
  const { ann, ben, room } = await together(s, 'dock')
  await Promise.all([ann.enter(room), ben.enter(room)])
  const line = (/** @type {typeof ann} */ person) => person.page.getByRole('status').filter({ hasText: 'is typing…' })

  await ben.types(room.name, 'Wait, I', line(ann))
  assert.equal((await line(ann).textContent())?.trim(), 'Ben is typing…')
  assert.equal(await line(ben).count(), 0)

  await line(ann).waitFor({ state: 'hidden' }) // he thinks

  // One sign that he goes on, and no other on its way that could come after his words.
  await ben.types(room.name, '.', line(ann))
  await ben.composer(room.name).press('Enter')
  await ann.hears('Wait, I')
  // At once, not when the five seconds are over; and counted in what the page draws, since how long that takes is the machine's affair.
  const gone = await ann.page.evaluate(async () => {
    for (let frame = 0; frame < 30; frame++) {
      if (![...document.querySelectorAll('[role="status"]')].some((status) => status.textContent?.includes('is typing…'))) return true
      await new Promise(requestAnimationFrame)
    }
    return false
  })
  assert.ok(gone, 'his words end the line')
})

scene('an edit and a deletion reach the other', async (s) => {
  const { ann, ben, room } = await together(s, 'slip')
  await ann.account.post(room.id, 'High water at five.')
  await ann.account.post(room.id, 'This one is a mistake.')
  await Promise.all([ann.enter(room), ben.enter(room)])

  const mine = await ann.hears('High water at five.')
  await (await ann.tool(mine, 'Edit message')).click()
  const field = ann.page.getByRole('textbox', { name: 'Edit message' })
  assert.equal(await field.inputValue(), 'High water at five.')
  await field.fill('High water at six.')
  await field.press('Enter')
  const edited = await ben.hears('High water at six.')
  await edited.getByText('(edited)').waitFor()

  const mistake = await ann.hears('This one is a mistake.')
  await (await ann.tool(mistake, 'Delete message')).click()
  await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await ben.hears('This message was deleted.')
  await ben.message('This one is a mistake.').waitFor({ state: 'detached' })
  await ann.hears('High water at six.') // what she did herself she sees when it is answered, which may be after Ben
  await ann.hears('This message was deleted.')
  assert.deepEqual(await ann.shown(), await ben.shown())

  await ben.tool(edited, 'Copy text')
  assert.equal(await edited.getByRole('button', { name: 'Edit message' }).count(), 0, 'words of others are not mine to change')
})

scene('what is unread is counted in the sidebar and the title until it is seen', async (s) => {
  const { ann, ben, room } = await together(s, 'mail')
  const elsewhere = await ben.account.createRoom(`elsewhere-${ben.account.user.id}`)
  await ben.enter(elsewhere)
  assert.equal(await ben.page.title(), 'Parley')

  for (const text of ['One.', 'Two.', 'Three.']) await ann.account.post(room.id, text)
  await until('the title says 3', async () => (await ben.page.title()) === '(3) Parley')
  await ben.roomLink(room.name).getByText('3', { exact: true }).waitFor()
  const about = await ben.roomLink(room.name).evaluate((link) => document.getElementById(link.getAttribute('aria-describedby') ?? '')?.textContent)
  assert.equal(about, '3 unread')

  await ben.roomLink(room.name).click()
  await ben.hears('Three.')
  await until('the title says nothing', async () => (await ben.page.title()) === 'Parley')
  await until('the server knows', async () => (await ben.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number === 3)
})

scene('a private room is not to be found, and somebody who is added sees it at once', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.person('Ben')]
  const room = await ann.account.createRoom('quiet cabin', { kind: 'private' })
  await ann.account.post(room.id, 'Nobody hears us here.')
  await ben.open('/browse')
  await ben.page.getByRole('searchbox', { name: 'Search rooms' }).fill('cabin')
  await ben.page.getByText('Nothing is called “cabin”.').waitFor()
  ben.watch.expect(/status of 404/)
  await ben.open(`/rooms/${room.id}`)
  await ben.page.getByText('This room is not here.').waitFor()

  await ann.enter(room)
  await ann.page.getByRole('button', { name: 'Room details' }).click()
  await ann.page.getByRole('textbox', { name: 'Add someone' }).fill(ben.username)
  await ann.page.getByRole('button', { name: 'Add', exact: true }).click()
  await ben.roomLink('quiet cabin').click()
  await ben.hears('Nobody hears us here.')
})

scene('everybody who spoke before one came has a name', async (s) => {
  const ben = await s.person('Ben')
  const others = [await s.account('Inês Carvalho'), await s.account('Wen Zhao'), await s.account('Ọláyínká')]
  const room = await ben.account.createRoom('bandstand')
  for (const other of others) {
    await other.join(room.id)
    await other.post(room.id, `I am ${other.user.display_name}.`)
  }
  await ben.enter(room)
  for (const { user } of others) {
    const spoke = await ben.hears(`I am ${user.display_name}.`)
    await spoke.getByText(user.display_name, { exact: true }).first().waitFor()
  }
})

scene('what is said is shown as text, whatever it tries to be', async (s) => {
  const { ann, ben, room } = await together(s, 'tricks')
  await ben.enter(room)
  await ann.account.post(room.id, '<img src=x onerror="document.title=1"><script>document.title=2</script>')
  await ann.account.post(room.id, '[tap here](javascript:document.title=3) and [here](https://example.org/?a=1)')
  await ann.account.post(room.id, '# Tide table\n\n> low at six\n\n```go\nfmt.Println("<b>")\n```\n\n- one\n- **two**')
  const hostile = await ben.hears('onerror')
  assert.equal(await hostile.locator('[data-body] :is(img, script)').count(), 0)
  const links = await (await ben.hears('tap here')).locator('[data-body] a').evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.getAttribute('rel')]))
  assert.deepEqual(links.map(([href]) => href), ['https://example.org/?a=1'])
  assert.match(links[0]?.[1] ?? '', /noopener|noreferrer/)
  const rich = await ben.hears('Tide table')
  await rich.locator('blockquote', { hasText: 'low at six' }).waitFor()
  await rich.locator('pre', { hasText: 'fmt.Println("<b>")' }).waitFor()
  await rich.locator('li strong', { hasText: 'two' }).waitFor()
  assert.equal(await ben.page.title(), 'Parley')
})
