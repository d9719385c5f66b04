// What can be said of every page: it can be used by everybody, it fits a small screen, and it runs no code but its own.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

const { scene } = stage('look')
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }

/**
 * Waits until every word is drawn in the typeface that it is set in: a typeface is asked for when the first of its words is laid out.
 * @param {import('playwright-core').Page} page
 */
const typeset = (page) =>
  page.evaluate(async () => {
    do {
      document.body.getBoundingClientRect()
      await new Promise(requestAnimationFrame)
      await document.fonts.ready
    } while (document.fonts.status !== 'loaded')
  })

/** No serious or critical finding of axe. @param {import('playwright-core').Page} page @param {string} where */
async function isAccessible(page, where) {
  await typeset(page)
  // What is still fading in has less contrast than it will have.
  await until(`${where} has come to rest`, () => page.evaluate(() => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)))
  await page.evaluate(axeSource) // by the debugger, which the page's policy does not bind
  // Base UI's focus guards are hidden and can be focused: whoever reaches one is passed on at once, so nobody ever stands on it.
  const guards = '[data-base-ui-focus-guard]'
  const { violations } = await page.evaluate(([runOnly, exclude]) => /** @type {any} */ (globalThis).axe.run({ exclude }, { runOnly }), /** @type {const} */ ([rules, guards]))
  const bad = violations.filter((/** @type {any} */ { impact }) => impact === 'serious' || impact === 'critical')
  assert.deepEqual(
    bad.map((/** @type {any} */ { id, help, nodes }) => `${id}: ${help}: ${nodes.map((/** @type {any} */ n) => `${n.target.join(' ')} (${n.any[0]?.message ?? ''})`).join('; ')}`),
    [],
    where,
  )
}

/** @param {import('playwright-core').Page} page @param {string} where */
async function fits(page, where) {
  await typeset(page)
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
      .slice(-3)
      .map((element) => `${element.tagName}.${element.className} reaches ${Math.round(element.getBoundingClientRect().right)} of ${clientWidth}`)
  })
  assert.deepEqual(wide, [], `${where} scrolls sideways`)
}

/** A room with everything in it that a transcript can show. @param {import('../helpers/stage.mjs').Scene} scene @param {import('../helpers/person.mjs').Person} ann */
async function furnish(scene, ann) {
  const ben = await scene.account('Ben')
  const room = await ann.account.createRoom(`chart-room-${ann.account.user.id}`, { topic: 'Charts, tides and the long way round' })
  await ben.join(room.id)
  await ann.account.post(room.id, 'Morning. **Who** has the chart of the _western_ approach? [Here](https://example.org/chart) is mine.')
  await ben.post(room.id, '> the western approach\n\nI do:\n\n```js\nconst depth = soundings.map((s) => s.metres)\n```\n\n- `3.2` at the bar\n- `7.9` inside')
  const slip = await ben.post(room.id, 'Nevermind')
  await ben.edit(room.id, slip.number, 'Never mind.')
  const gone = await ben.post(room.id, 'Wrong room.')
  await ben.call('DELETE', `/api/v1/rooms/${room.id}/messages/${gone.number}`)
  await ann.account.post(room.id, `A long word: ${'Donaudampfschifffahrt'.repeat(12)} and https://example.org/${'way/'.repeat(40)}`)
  await ann.account.post(room.id, '| a | b | c | d |\n|---|---|---|---|\n| wwwwwwwwwwwwwwwwwwww | wwwwwwwwwwwwwwwwwwwwwwww | wwwwwwwwwwwwwwwwwwwwww | wwwwwwwwwwwwwwww |')
  await ann.account.createRoom(`quiet-${ann.account.user.id}`, { kind: 'private' })
  return { room, ben }
}

for (const [look, options] of /** @type {const} */ ([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['light on a phone', { colorScheme: 'light', ...phone }],
  ['dark on a phone', { colorScheme: 'dark', ...phone }],
])) {
  scene(`axe finds nothing serious before the door: ${look}`, async (s) => {
    const { page } = await s.stranger('Ann', options)
    await page.goto('/')
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
    await isAccessible(page, 'sign-in')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByRole('button', { name: 'Create account' }).waitFor()
    await isAccessible(page, 'sign-up')
  })

  scene(`axe finds nothing serious inside: ${look}`, async (s) => {
    const ann = await s.person('Ann', options)
    const { room, ben } = await furnish(s, ann)
    const { page } = ann
    await page.goto(`/rooms/${room.id}`)
    const own = await ann.hears('Who has the chart')
    await ben.post(room.id, 'And a new one.')
    await ann.hears('And a new one.')
    await own.hover()
    await isAccessible(page, 'room')
    await page.getByRole('button', { name: 'Room details' }).click()
    await page.getByRole('heading', { name: 'Members' }).waitFor()
    await isAccessible(page, 'room details')

    await page.goto('/browse')
    await page.getByRole('button', { name: `Open ${room.name}` }).waitFor()
    await isAccessible(page, 'browse')

    await page.goto('/')
    await ann.rooms.getByRole('button', { name: 'Create room' }).click()
    await page.getByRole('dialog', { name: 'Create a room' }).waitFor()
    await isAccessible(page, 'create dialog')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Your menu' }).click()
    await page.getByRole('menu').waitFor()
    await isAccessible(page, 'menu')
  })
}

scene('every word is set in a typeface that comes with the page', async (s) => {
  const ann = await s.person('Ann')
  const { room } = await furnish(s, ann)
  const { page } = ann
  await page.goto(`/rooms/${room.id}/details`)
  await ann.hears('Who has the chart')
  await page.getByRole('heading', { name: 'Members' }).waitFor()
  await typeset(page)
  const browser = await ann.context.newCDPSession(page)
  await browser.send('DOM.enable')
  await browser.send('CSS.enable')
  const { root } = await browser.send('DOM.getDocument')
  for (const selector of ['h1', 'h2', '[role="separator"]', '[data-body] p', '[data-body] em', '[data-body] pre', 'nav a', 'time', 'textarea']) {
    const { nodeIds } = await browser.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector })
    assert.ok(nodeIds.length > 0, `there is a ${selector}`)
    for (const nodeId of nodeIds) {
      const { fonts } = await browser.send('CSS.getPlatformFontsForNode', { nodeId })
      assert.deepEqual(fonts.filter(({ isCustomFont }) => !isCustomFont).map(({ familyName }) => familyName), [], `${selector} falls back to`)
    }
  }
})

scene('at 320 px, which is 400% zoom, nothing scrolls sideways', async (s) => {
  const ann = await s.person('Ann', { viewport: { width: 320, height: 640 } })
  const stranger = await s.stranger('Ben', { viewport: { width: 320, height: 640 } })
  await stranger.page.goto('/')
  await stranger.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await fits(stranger.page, 'sign-in')
  await stranger.page.goto('/signup')
  await stranger.page.getByRole('button', { name: 'Create account' }).waitFor()
  await fits(stranger.page, 'sign-up')

  const { room } = await furnish(s, ann)
  const { page } = ann
  await ann.open('/')
  await fits(page, 'rooms')
  await ann.rooms.getByRole('button', { name: 'Create room' }).click()
  await page.getByRole('dialog').waitFor()
  await fits(page, 'create dialog')
  await page.goto('/browse')
  await page.getByRole('button', { name: `Open ${room.name}` }).waitFor()
  await fits(page, 'browse')
  await page.goto(`/rooms/${room.id}`)
  await ann.hears('wwww')
  await fits(page, 'room')
  const inside = await ann.log(room.name).evaluate((log) => log.scrollWidth - log.clientWidth)
  assert.ok(inside <= 0, `the transcript scrolls sideways by ${inside} px`)
  await page.getByRole('button', { name: 'Room details' }).click()
  await page.getByRole('heading', { name: 'Members' }).waitFor()
  await fits(page, 'room details')
})

scene('what a finger has to hit on a phone is 44 px', async (s) => {
  const ann = await s.person('Ann', phone)
  const { room } = await furnish(s, ann)
  const { page } = ann
  const small = async (/** @type {string} */ where) => {
    await typeset(page)
    const found = await page.locator('button:visible, nav a:visible, header a:visible, input:visible, textarea:visible').evaluateAll((all) =>
      all
        .map((element) => ({ name: element.getAttribute('aria-label') ?? element.textContent ?? '', box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 44 || box.height < 44)
        .map(({ name, box }) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`),
    )
    assert.deepEqual(found, [], where)
  }
  await ann.open('/')
  await small('rooms')
  await page.goto(`/rooms/${room.id}`)
  await ann.hears('wwww')
  await small('room')
})

scene('the headers allow the page its own code and nothing else, and Trusted Types are on', async (s) => {
  const ann = await s.person('Ann')
  await ann.open()
  const page = await ann.context.request.get('/')
  const asset = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1]
  assert.ok(asset)
  for (const path of ['/', '/rooms/1', asset, '/api/v1/me', '/api/v1/nothing']) {
    const headers = (await ann.context.request.get(path)).headers()
    const policy = Object.fromEntries((headers['content-security-policy'] ?? '').split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]))
    assert.equal(policy['default-src'], "'none'", path)
    assert.equal(policy['script-src'], "'self'", path)
    assert.equal(policy['style-src'], "'self'", path)
    assert.equal(policy['style-src-attr'], "'none'", path)
    assert.equal(policy['frame-ancestors'], "'none'", path)
    assert.equal(policy['base-uri'], "'none'", path)
    assert.equal(policy['require-trusted-types-for'], "'script'", path)
    assert.equal(policy['trusted-types'], 'parley', path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['referrer-policy'], 'no-referrer', path)
  }

  // The policy bites, and the watch that every other test relies on hears it.
  assert.deepEqual(ann.watch.faults, [])
  const injected = await ann.page.evaluate(() => {
    const script = document.createElement('script')
    try {
      script.textContent = 'globalThis.injected = true'
      document.body.append(script)
    } catch {
      // Trusted Types refuse the text itself.
    }
    try {
      document.body.insertAdjacentHTML('beforeend', '<img src=x>')
      return 'markup'
    } catch {
      return /** @type {any} */ (globalThis).injected ? 'script' : 'nothing'
    }
  })
  assert.equal(injected, 'nothing')
  await until('the watch heard it', () => ann.watch.faults.some((fault) => fault.startsWith('CSP violation: require-trusted-types-for')))
  ann.watch.faults.length = 0
})

scene('the whole way through by keyboard alone', async (s) => {
  const ann = await s.stranger('Ann')
  const { page } = ann
  await page.goto('/signup')
  await page.getByRole('textbox', { name: 'Username' }).waitFor()
  await until('the first field has the focus', () => page.getByRole('textbox', { name: 'Username' }).evaluate((field) => field === document.activeElement))
  await page.keyboard.type(ann.username)
  await page.keyboard.press('Tab')
  await page.keyboard.type('Ann')
  await page.keyboard.press('Tab')
  // The e-mail address may stay empty, and its field comes when the server has said that it sends mail.
  const secret = page.getByRole('textbox', { name: 'Password' })
  if (!(await secret.evaluate((field) => field === document.activeElement))) await page.keyboard.press('Tab')
  await page.keyboard.type('correct horse battery')
  await page.keyboard.press('Enter')
  await ann.rooms.waitFor()

  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
  const tabTo = async (/** @type {string} */ name) => {
    for (let i = 0; i < 30; i++) {
      if ((await focused()).trim() === name) return
      await page.keyboard.press('Tab')
    }
    assert.fail(`${name} is not reached by Tab; the focus is on "${await focused()}"`)
  }
  await tabTo('Create room')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Create a room' })
  const name = dialog.getByRole('textbox', { name: 'Name' })
  await name.waitFor()
  for (let i = 0; i < 10 && !(await name.evaluate((field) => field === document.activeElement)); i++) await page.keyboard.press('Tab')
  await page.keyboard.type('by-keyboard')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'hidden' })
  await until('the composer has the focus', () => ann.composer('by-keyboard').evaluate((field) => field === document.activeElement))
  await page.keyboard.type('No mouse was used.')
  await page.keyboard.press('Enter')
  await ann.hears('No mouse was used.')
})
