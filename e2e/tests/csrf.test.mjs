import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { stage } from '../helpers/stage.mjs'
import { until } from '../helpers/until.mjs'

/**
 * Somebody else's page. At localhost it is another site than Parley at 127.0.0.1, so the browser keeps SameSite cookies back; at another port of
 * 127.0.0.1 it is the same site to the browser, which sends them, and only Parley can tell the difference.
 * @param {'localhost' | '127.0.0.1'} host @param {string} parley
 */
async function evilSite(host, parley) {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<!doctype html><title>Kittens</title>
      <form method="post" action="${parley}/api/v1/auth/refresh" target="hidden"><button>refresh</button></form>
      <form method="post" action="${parley}/api/v1/auth/logout" target="hidden"><button>logout</button></form>
      <form method="post" action="${parley}/api/v1/auth/login" target="hidden" enctype="text/plain">
        <input name='{"username":"mallory","password":"' value='"}'><button>login</button></form>
      <iframe name="hidden"></iframe><iframe name="framed" src="${parley}/"></iframe>`)
  })
  server.listen(0, host === 'localhost' ? undefined : host)
  await once(server, 'listening')
  return { url: `http://${host}:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`, close: () => server.close() }
}

/** What a script of that page can try, each with the cookies if the browser lets it. Runs in the browser. @param {string} parley */
async function tryEverything(parley) {
  /** @param {string} path @param {RequestInit} init */
  const send = (path, init) => fetch(parley + path, { method: 'POST', credentials: 'include', ...init }).then((r) => r.type, () => 'failed')
  const simple = { mode: /** @type {RequestMode} */ ('no-cors') }
  const scripted = { headers: { 'X-Parley': '1' } }
  return {
    refresh: await send('/api/v1/auth/refresh', simple),
    logout: await send('/api/v1/auth/logout', simple),
    login: await send('/api/v1/auth/login', { ...simple, body: '{"username":"mallory","password":"correct horse battery"}' }),
    refreshScripted: await send('/api/v1/auth/refresh', scripted),
    logoutScripted: await send('/api/v1/auth/logout', scripted),
    read: await fetch(`${parley}/api/v1/me/sessions`, { credentials: 'include' }).then((r) => r.type, () => 'failed'),
    socket: await new Promise((resolve) => {
      const socket = new WebSocket(`${parley.replace('http', 'ws')}/api/v1/socket`)
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('refused')
    }),
  }
}

for (const [what, host] of /** @type {const} */ ([['another site', 'localhost'], ['another origin of the same site', '127.0.0.1']])) {
  // A server for each: what it logs of the one must not come among what it logs of the other.
  const { scene } = stage(`csrf-${host}`, { PARLEY_LOG_LEVEL: 'debug' })
  scene(`${what} cannot act in the name of somebody who is signed in`, async (s) => {
    const ann = await s.person('Ann')
    await ann.open()
    // The server writes its log after it has answered.
    await until('what she did herself is in the log', () => /path=\/api\/v1\/auth\/signup status=201[^]*path=\/api\/v1\/auth\/refresh status=200/.test(s.server.log()))
    const session = async () => (await ann.context.cookies()).find(({ name }) => name === 'parley_rt')?.value
    const before = await session()
    assert.ok(before, 'Ann has a session')
    const site = await evilSite(host, s.server.url)
    try {
      ann.watch.expect(/./) // this page is not ours, and what it tries must fail
      const page = await ann.context.newPage()
      const earlier = s.server.log().length
      /** What the server answered to requests that would change something: of answers that it holds back the browser does not say. */
      const answers = () =>
        s.server.log().slice(earlier).split('\n').flatMap((line) => /method=POST path=(\S+) status=(\d+)/.exec(line)?.slice(1, 3).join(' ') ?? [])
      let cookies = 0
      page.on('request', async (request) => {
        const { cookie } = await request.allHeaders().catch(() => ({ cookie: '' }))
        if (request.method() === 'POST' && /parley_rt=/.test(cookie ?? '')) cookies++
      })
      await page.goto(site.url)

      for (const name of ['refresh', 'logout', 'login']) {
        const count = answers().length
        await page.getByRole('button', { name, exact: true }).click()
        await until(`the form for ${name} is answered`, () => answers().length > count)
      }
      const got = await page.evaluate(tryEverything, s.server.url)
      // Not even the empty answer of a blind request is handed over (Cross-Origin-Resource-Policy).
      assert.deepEqual(got, {
        refresh: 'failed', logout: 'failed', login: 'failed', refreshScripted: 'failed', logoutScripted: 'failed', read: 'failed', socket: 'refused',
      })
      await until('all of it, and that of the frame, is in the log', () => answers().length >= 7 && answers().some((answer) => answer.startsWith('/api/v1/csp-reports')))
      assert.deepEqual(answers().sort(), ['login', 'logout', 'refresh'].flatMap((name) => Array(2).fill(`/api/v1/auth/${name} 403`)).concat('/api/v1/csp-reports 204'))
      if (host === '127.0.0.1') await until('the cookie has travelled, within a site', () => cookies > 0)
      else assert.equal(cookies, 0, 'the cookie travels within a site only')

      const framed = page.frame({ name: 'framed' })
      assert.equal(await framed?.getByRole('heading').count().catch(() => 0), 0, 'Parley is not shown in a frame')
      assert.equal(await session(), before, 'the session was not rotated')

      // Last, because the page that opens is Parley itself, and goes about its business.
      await page.evaluate((url) => Object.assign(window, { other: window.open(url) }), s.server.url)
      await until('the page that opened Parley has lost its handle', () => page.evaluate(() => /** @type {any} */ (window).other.closed))
    } finally {
      site.close()
    }
    await ann.page.reload()
    await ann.rooms.waitFor()
  })
}
