// A long conversation: where it opens, that it keeps still while it grows, and writing in it.
import assert from 'node:assert/strict'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const { scene } = stage('timeline')

const history = 300

/**
 * A room in which Ben has said a lot, and Ann who opens it.
 * @param {import('../helpers/stage.mjs').Scene} scene
 */
async function longRoom(scene) {
  const [ann, ben] = [await scene.person('Ann'), await scene.account('Ben')]
  const room = await ben.createRoom(`annals-${ben.user.id}`)
  // Lengths differ, so that a guess at a row's height is wrong. Ten at a time: their order does not matter, their number does.
  for (let i = 0; i < history; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, k) => ben.post(room.id, `Entry ${i + k}. ${'Wind and water, '.repeat((i + k * 7) % 23)}calm.`)))
  }
  await ann.account.join(room.id)
  return { ann, ben, room }
}

/** @param {import('../helpers/person.mjs').Person} ann @param {string} room */
const distanceFromEnd = (ann, room) => ann.log(room).evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)

/** Waits until nothing in the transcript has moved for ten frames. @param {import('../helpers/person.mjs').Person} ann @param {string} room */
const still = (ann, room) =>
  ann.log(room).evaluate(
    (log) =>
      new Promise((resolve) => {
        let last = ''
        let same = 0
        const look = () => {
          const now = `${log.scrollTop} ${log.scrollHeight} ${log.querySelector('article')?.getAttribute('data-number')}`
          same = now === last ? same + 1 : 0
          last = now
          if (same >= 10) resolve(undefined)
          else requestAnimationFrame(look)
        }
        look()
      }),
  )

/** The message in the middle of the view. @param {import('../helpers/person.mjs').Person} ann @param {string} room @returns {Promise<string>} its number */
const inTheMiddle = (ann, room) =>
  ann.log(room).evaluate((log) => {
    const { top, height } = log.getBoundingClientRect()
    const middle = [...log.querySelectorAll('article')].find((article) => article.getBoundingClientRect().bottom > top + height / 2)
    return middle?.dataset.number ?? ''
  })

/**
 * Watches where a message is in every frame while something happens.
 * @param {import('../helpers/person.mjs').Person} ann @param {string} room @param {string} number @param {() => Promise<void>} happen
 * @returns {Promise<number>} how far it was from where it had been, at most, in px
 */
async function movementOf(ann, room, number, happen) {
  const watching = await ann.log(room).evaluateHandle((log, wanted) => {
    const place = () => log.querySelector(`article[data-number="${wanted}"]`)?.getBoundingClientRect().top ?? Number.NaN
    const state = { from: place(), most: 0, frames: 0, done: false }
    const look = () => {
      const now = Math.abs(place() - state.from)
      state.most = Number.isNaN(now) ? Number.POSITIVE_INFINITY : Math.max(state.most, now)
      state.frames++
      if (!state.done) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
    return state
  }, number)
  await happen()
  await still(ann, room)
  return watching.evaluate((state) => {
    state.done = true
    return state.most
  })
}

scene('a room opens at its end and stays there while it grows', async (s) => {
  const { ann, ben, room } = await longRoom(s)
  await ann.enter(room)
  await ann.hears(new RegExp(`^Entry \\d+`)).catch(() => {}) // several match; the next line decides
  await until('the newest is in view', async () => (await ann.shown()).at(-1)?.number === history)
  await still(ann, room.name)
  assert.ok((await distanceFromEnd(ann, room.name)) <= 1)
  assert.ok((await ann.shown()).length < 100, 'only what is near the view is in the page')

  for (const text of ['Short.', 'Long. '.repeat(200), '```\nline\n'.concat('line\n'.repeat(10), '```')]) {
    const { number } = await ben.post(room.id, text)
    await until('it arrived', async () => (await ann.shown()).at(-1)?.number === number)
    await still(ann, room.name)
    assert.ok((await distanceFromEnd(ann, room.name)) <= 1, 'still at the end')
  }
  await ann.page.setViewportSize({ width: 700, height: 600 })
  await still(ann, room.name)
  assert.ok((await distanceFromEnd(ann, room.name)) <= 1, 'still at the end after a resize')
})

scene('older messages load above without moving what is being read', async (s) => {
  const { ann, room } = await longRoom(s)
  /** @type {(() => void) | undefined} */
  let letThrough
  let held = 0
  await ann.context.route(/\/messages\?.*before=/, async (route) => {
    held++
    await /** @type {Promise<void>} */ (new Promise((resolve) => (letThrough = resolve)))
    await route.continue()
  })
  await ann.enter(room)
  await until('the newest is in view', async () => (await ann.shown()).at(-1)?.number === history)
  const log = ann.log(room.name)
  for (let page = 1; page <= 3; page++) {
    await log.hover()
    await until('older messages are asked for', async () => {
      if (held === page) return true
      await ann.page.mouse.wheel(0, -400)
      return false
    })
    await still(ann, room.name)
    const number = await inTheMiddle(ann, room.name)
    const height = await log.evaluate((element) => element.scrollHeight)
    const moved = await movementOf(ann, room.name, number, async () => {
      letThrough?.()
      await until('they are there', () => log.evaluate((element, before) => element.scrollHeight > before + 500, height))
    })
    assert.ok(moved <= 1, `page ${page}: message ${number} moved by ${moved} px`)
  }
})

scene('the very first message can be reached, and the way back is one click', async (s) => {
  const { ann, room } = await longRoom(s)
  await ann.enter(room)
  const log = ann.log(room.name)
  await log.hover()
  await until('the room begins', async () => {
    await ann.page.mouse.wheel(0, -3000)
    return (await ann.shown())[0]?.number === 1
  })
  await log.getByText('Ben started this room').waitFor()
  await ann.page.getByRole('button', { name: 'Jump to latest' }).click()
  await until('the newest is in view', async () => (await ann.shown()).at(-1)?.number === history)
  await still(ann, room.name)
  assert.ok((await distanceFromEnd(ann, room.name)) <= 1)
})

scene('a new message while reading further up moves nothing and is counted on the pill', async (s) => {
  const { ann, ben, room } = await longRoom(s)
  await ann.enter(room)
  await until('the newest is in view', async () => (await ann.shown()).at(-1)?.number === history)
  await until('it is read', async () => (await ann.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number === history)
  await ann.log(room.name).hover()
  await ann.page.mouse.wheel(0, -1500)
  await ann.page.getByRole('button', { name: 'Jump to latest' }).waitFor()
  await still(ann, room.name)

  const number = await inTheMiddle(ann, room.name)
  const moved = await movementOf(ann, room.name, number, async () => {
    await ben.post(room.id, 'New. '.repeat(100))
    await ben.post(room.id, 'Newer.')
    await ann.page.getByRole('button', { name: '2 new' }).waitFor()
  })
  assert.ok(moved <= 1, `message ${number} moved by ${moved} px`)
  assert.equal((await ann.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number, history, 'what is out of view is not read')

  await ann.page.getByRole('button', { name: '2 new' }).click()
  await ann.hears('Newer.')
  await ann.page.getByRole('button', { name: /new$|^Jump to latest$/ }).waitFor({ state: 'detached' })
  await until('it is read', async () => (await ann.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number === history + 2)
})

scene('what came while one was away stands under "New since", until one leaves', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.account('Ben')]
  const room = await ben.createRoom(`watch-${ben.user.id}`)
  const elsewhere = await ann.account.createRoom(`elsewhere-${ann.account.user.id}`)
  await ann.account.join(room.id)
  await ben.post(room.id, 'Seen.')
  await ann.enter(room)
  await ann.hears('Seen.')
  await until('it is read', async () => (await ann.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number === 1)
  await ann.roomLink(elsewhere.name).click()
  await ann.log(elsewhere.name).waitFor()
  await ben.post(room.id, 'Missed one.')
  await ben.post(room.id, 'Missed two.')
  await ann.roomLink(room.name).getByText('2', { exact: true }).waitFor()

  await ann.roomLink(room.name).click()
  await ann.hears('Missed two.')
  const line = ann.page.getByRole('separator', { name: /^New since \d/ })
  await line.waitFor()
  const order = await ann.log(room.name).evaluate((log) =>
    [...log.querySelectorAll('article, [role="separator"][aria-label^="New since"]')].map((row) => row.querySelector('[data-body]')?.textContent ?? 'line'),
  )
  assert.deepEqual(order, ['Seen.', 'line', 'Missed one.', 'Missed two.'])
  await ann.say(room.name, 'Caught up.')
  await ann.hears('Caught up.')
  assert.equal(await line.count(), 1, 'it stays while one is here')
  await until('it is read', async () => (await ann.account.call('GET', `/api/v1/rooms/${room.id}`)).last_read_number === 4)

  await ann.roomLink(elsewhere.name).click()
  await ann.log(elsewhere.name).waitFor()
  await ann.roomLink(room.name).click()
  await ann.hears('Caught up.')
  assert.equal(await line.count(), 0, 'it is gone when one comes back')
})

scene('a place in a room is kept while one looks elsewhere', async (s) => {
  const { ann, room } = await longRoom(s)
  const elsewhere = await ann.account.createRoom(`elsewhere-${ann.account.user.id}`)
  await ann.enter(room)
  await until('the newest is in view', async () => (await ann.shown()).at(-1)?.number === history)
  await ann.log(room.name).hover()
  await ann.page.mouse.wheel(0, -1200)
  await ann.page.getByRole('button', { name: 'Jump to latest' }).waitFor()
  await still(ann, room.name)
  const number = await inTheMiddle(ann, room.name)
  const place = () => ann.log(room.name).locator(`article[data-number="${number}"]`).evaluate((article) => article.getBoundingClientRect().top)
  const before = await place()
  await ann.roomLink(elsewhere.name).click()
  await ann.log(elsewhere.name).waitFor()
  await ann.roomLink(room.name).click()
  await ann.log(room.name).waitFor()
  await still(ann, room.name)
  const moved = Math.abs((await place()) - before)
  assert.ok(moved <= 1, `message ${number} is ${moved} px from where it was`)
})

scene('Shift+Enter makes a line, Enter sends, ArrowUp edits the last own message, Esc leaves it', async (s) => {
  const [ann, ben] = [await s.person('Ann'), await s.account('Ben')]
  const room = await ann.account.createRoom(`keys-${ann.account.user.id}`)
  await ben.join(room.id)
  await ann.enter(room)
  const composer = ann.composer(room.name)
  const hasFocus = () => composer.evaluate((field) => field === document.activeElement)
  await until('one can write at once', hasFocus)

  await composer.press('Enter')
  await ann.page.keyboard.type('First line')
  await composer.press('Shift+Enter')
  await ann.page.keyboard.type('second line')
  assert.equal(await composer.inputValue(), 'First line\nsecond line')
  await composer.press('Enter')
  await ann.hears('second line')
  assert.equal((await ann.account.history(room.id))[0]?.body, 'First line\nsecond line')
  assert.ok(await hasFocus(), 'the next one can be written at once')
  await ben.post(room.id, 'Not mine.')
  await ann.hears('Not mine.')

  const editor = ann.page.getByRole('textbox', { name: 'Edit message' })
  await composer.press('ArrowUp')
  assert.equal(await editor.inputValue(), 'First line\nsecond line')
  await until('one can write in it at once', () => editor.evaluate((field) => field === document.activeElement))
  await ann.page.keyboard.type(' changed')
  await ann.page.keyboard.press('Escape')
  await editor.waitFor({ state: 'hidden' })
  await until('the focus is back', hasFocus)
  assert.equal((await ann.account.history(room.id))[0]?.edited_at, undefined, 'Esc changes nothing')

  await composer.press('ArrowUp')
  await until('one can write in it at once', () => editor.evaluate((field) => field === document.activeElement))
  await ann.page.keyboard.type(' changed')
  await ann.page.keyboard.press('Enter')
  await ann.hears('second line changed')
  await until('the server has it', async () => (await ann.account.history(room.id))[0]?.body === 'First line\nsecond line changed')
  await until('the focus is back', hasFocus)

  await composer.fill('a draft')
  await composer.press('ArrowUp')
  assert.equal(await editor.count(), 0, 'with text in it, ArrowUp moves the caret')
})

scene('a message over 8,000 characters is counted and not sent; at 8,000 it is', async (s) => {
  const ann = await s.person('Ann')
  const room = await ann.account.createRoom(`long-${ann.account.user.id}`)
  await ann.enter(room)
  const composer = ann.composer(room.name)
  const counter = ann.page.getByRole('status').filter({ hasText: /left|over the limit/ })

  await composer.fill('x'.repeat(400))
  assert.equal(await counter.count(), 0)
  // Characters are counted, not UTF-16 units: a wave is one.
  await composer.fill('🌊'.repeat(8001))
  await counter.filter({ hasText: '1 over the limit' }).waitFor()
  await composer.press('Enter')
  await ann.page.getByRole('button', { name: 'Send' }).click({ force: true })
  assert.equal(await composer.inputValue(), '🌊'.repeat(8001), 'the text is kept')
  assert.equal((await ann.shown()).length, 0)

  await composer.fill('🌊'.repeat(8000))
  await counter.filter({ hasText: '0 left' }).waitFor()
  await composer.press('Enter')
  await until('it is stored', async () => (await ann.account.history(room.id)).length === 1)
  await ann.composer(room.name).fill('   ')
  await composer.press('Enter')
  assert.equal((await ann.shown()).length, 1, 'nothing but white space is no message')
})

scene('a draft survives a reload and is marked in the sidebar', async (s) => {
  const ann = await s.person('Ann')
  const [room, elsewhere] = [await ann.account.createRoom(`draft-${ann.account.user.id}`), await ann.account.createRoom(`other-${ann.account.user.id}`)]
  await ann.enter(room)
  await ann.composer(room.name).fill('To be continued')
  await ann.page.reload()
  await until('it is back', async () => (await ann.composer(room.name).inputValue()) === 'To be continued')
  await ann.roomLink(elsewhere.name).click()
  await ann.log(elsewhere.name).waitFor()
  const about = () => ann.roomLink(room.name).evaluate((link) => document.getElementById(link.getAttribute('aria-describedby') ?? '')?.textContent)
  await until('it is marked', async () => (await about()) === 'Draft')
  assert.equal(await ann.composer(elsewhere.name).inputValue(), '')
})
