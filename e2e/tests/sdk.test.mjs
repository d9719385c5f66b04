// Any Centrifuge client can talk to Parley: what is promised to bots and other people's clients, tried with the official SDK, unmodified.
import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import { Account } from '../helpers/api.mjs'
import { startServer } from '../helpers/server.mjs'
import { connect, listen, openRaw, openSDK } from '../helpers/socket.mjs'
import { until, within } from '../helpers/until.mjs'

const keyId = 'test'
const seed = randomBytes(32)

/** @type {import('../helpers/server.mjs').Server} */
let server
/** @type {Account} */
let ann
/** @type {Account} */
let ben
/** @type {import('../helpers/api.mjs').Room} */
let room
/** @type {(() => void)[]} */
const open = []

before(async () => {
  server = await startServer({ PARLEY_AUTH_SIGNING_KEYS: `${keyId}:${seed.toString('base64url')}` })
  ann = await Account.signUp(server.url, 'ann', 'Ann')
  ben = await Account.signUp(server.url, 'ben', 'Ben')
  room = await ann.createRoom('harbour')
  await ben.join(room.id)
})
afterEach(() => {
  for (const close of open.splice(0)) close()
})
after(() => server.stop())

/** @param {Partial<import('centrifuge').Options>} options */
function sdk(options) {
  const client = openSDK(server.url, options)
  open.push(() => client.disconnect())
  return client
}

/** @param {Account} account */
async function connected(account) {
  const client = sdk({ token: account.token })
  await connect(client)
  return client
}

async function raw() {
  const connection = await openRaw(server.url)
  open.push(() => connection.socket.terminate())
  return connection
}

/** A connection that has said who it is, for frames that no SDK would send. @param {Account} account */
async function rawConnected(account) {
  const connection = await raw()
  connection.send({ id: 1, connect: { token: account.token } })
  await until('the connect command was answered', () => connection.frames.find((frame) => frame.id === 1)?.connect)
  return connection
}

/** The Problem that an RPC or a subscription is refused with. @param {Promise<unknown>} call @returns {Promise<any>} */
async function refusal(call) {
  const error = await call.then(
    () => assert.fail('it was not refused'),
    (reason) => reason,
  )
  const problem = JSON.parse(error.message)
  assert.equal(problem.status, error.code, 'the code is the status')
  assert.equal(problem.type, 'about:blank')
  assert.ok(problem.title)
  return problem
}

/** The same claims with another expiry, signed with the server's key. @param {string} token @param {number} seconds */
function shorten(token, seconds) {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const encode = (/** @type {object} */ part) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const text = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: keyId })}.${encode({ ...claims, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + seconds })}`
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' })
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
}

describe('talking', () => {
  test('a post by RPC is answered with the message and published to the room as an array of events', async () => {
    const [sender, reader] = [await connected(ann), await connected(ben)]
    const heard = await listen(reader, `room:${room.id}`)
    const clientKey = randomUUID()

    const { data } = await sender.rpc('message.post', { room_id: room.id, body: 'Slack water at **six**.', client_key: clientKey })

    assert.equal(data.message.body, 'Slack water at **six**.')
    assert.equal(data.message.author_id, ann.user.id)
    assert.equal(data.message.client_key, clientKey)
    const event = await until('the post arrived', () => heard.events().find((e) => e.data.message?.client_key === clientKey))
    assert.ok(heard.publications.every(Array.isArray), 'every publication is an array')
    assert.equal(event.type, 'message.posted')
    assert.equal(event.room_id, room.id)
    assert.equal(event.revision, data.message.revision)
    assert.deepEqual(event.data.message, data.message, 'the reply and the event say the same')
  })

  test('posts arrive in the order of their numbers, without gaps', async () => {
    const [one, two, reader] = [await connected(ann), await connected(ben), await connected(ben)]
    const room = await ann.createRoom('breakwater') // in which nothing else has been said that could still be on its way
    await ben.join(room.id)
    const heard = await listen(reader, `room:${room.id}`)
    const posts = Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? one : two).rpc('message.post', { room_id: room.id, body: `wave ${i}`, client_key: randomUUID() }),
    )
    const stored = (await Promise.all(posts)).map(({ data }) => data.message.number).sort((a, b) => a - b)

    await until('all arrived', () => heard.events().length >= 40)
    const numbers = heard.events().map((event) => event.data.message.number)
    assert.deepEqual(numbers, stored)
    assert.deepEqual(numbers, Array.from({ length: 40 }, (_, i) => numbers[0] + i))
  })

  test('the same client key twice is one message', async () => {
    const [client, reader] = [await connected(ann), await connected(ben)]
    const heard = await listen(reader, `room:${room.id}`)
    const command = { room_id: room.id, body: 'Said once.', client_key: randomUUID() }

    const first = await client.rpc('message.post', command)
    const second = await client.rpc('message.post', { ...command, body: 'Said again.' })
    const next = await client.rpc('message.post', { ...command, client_key: randomUUID(), body: 'Next.' })

    assert.deepEqual(second.data, first.data)
    assert.equal(next.data.message.number, first.data.message.number + 1)
    await until('the next one arrived', () => heard.events().some((e) => e.data.message.id === next.data.message.id))
    // It is told again, because nobody knows whether the first time was heard; and what is told is the one message.
    const told = () => heard.events().filter((e) => e.data.message.client_key === command.client_key)
    await until('it was told again', () => told().length === 2)
    for (const { data, revision } of told()) assert.deepEqual([data.message, revision], [first.data.message, first.data.message.revision])
  })

  test('typing reaches the room, and a read mark reaches only my own channel', async () => {
    const [writer, reader] = [await connected(ann), await connected(ben)]
    const heard = await listen(reader, `room:${room.id}`)
    /** @type {any[]} */
    const own = []
    writer.on('publication', ({ channel, data }) => own.push({ channel, events: data }))

    assert.deepEqual((await writer.rpc('typing.start', { room_id: room.id })).data, {})
    const typing = await until('typing arrived', () => heard.events().find((e) => e.type === 'typing.started'))
    assert.deepEqual(typing.data, { user_id: ann.user.id })

    await ben.post(room.id, 'Read this.')
    const { last_number: last } = await ann.call('GET', `/api/v1/rooms/${room.id}`)
    const mark = await writer.rpc('read.mark', { room_id: room.id, number: last })
    assert.deepEqual(mark.data, { room_id: room.id, last_read_number: last })
    const marked = await until('the mark arrived', () => own.find(({ events }) => events.some((/** @type {any} */ e) => e.type === 'read.marked')))
    assert.equal(marked.channel, `user:${ann.user.id}`)
    assert.ok(!heard.events().some((e) => e.type === 'read.marked'), 'how far I read is mine')
  })
})

describe('refusals keep the connection', () => {
  test('a public room one is not in answers 403, a private one 404, by RPC and by subscription', async () => {
    const [open, closed] = [await ann.createRoom('pier'), await ann.createRoom('cabin', { kind: 'private' })]
    const client = await connected(ben)
    for (const [id, status, code] of [[open.id, 403, 'not_a_member'], [closed.id, 404, 'room_not_found'], [closed.id + 1000, 404, 'room_not_found']]) {
      const posted = await refusal(client.rpc('message.post', { room_id: id, body: 'Let me in.', client_key: randomUUID() }))
      assert.deepEqual([posted.status, posted.code], [status, code])

      const subscription = client.newSubscription(`room:${id}`)
      const listened = new Promise((_, reject) => subscription.on('error', ({ error }) => reject(error)).on('unsubscribed', reject))
      subscription.subscribe()
      // A refusal that will not pass ends the subscription, and the SDK then says the Problem as the reason.
      const why = await within('refused', listened.catch((reason) => reason))
      const problem = JSON.parse(why.reason ?? why.message)
      assert.deepEqual([problem.status, problem.code], [status, code])
      client.removeSubscription(subscription)
    }
    assert.equal((await ann.history(open.id)).length + (await ann.history(closed.id)).length, 0)
    assert.equal(client.state, 'connected')
  })

  test('channels that are no room of mine are refused', async () => {
    const client = await connected(ben)
    for (const channel of [`user:${ann.user.id}`, 'room:0', 'room:01', 'room:1e1', 'room:', 'rooms', 'room:9007199254740993', `room: ${room.id}`]) {
      const subscription = client.newSubscription(channel)
      const refused = new Promise((resolve) => subscription.on('unsubscribed', resolve))
      let subscribed = false
      subscription.on('subscribed', () => (subscribed = true))
      subscription.subscribe()
      await within(`${channel} refused`, refused)
      assert.ok(!subscribed, channel)
      client.removeSubscription(subscription)
    }
    assert.equal(client.state, 'connected')
  })

  const good = { room_id: 1, body: 'fine', client_key: 'k1' }
  /** @type {[string, unknown, string?, string?][]} what it is, the data, the field, its code */
  const bad = [
    ['a room id that is text', { ...good, room_id: '1' }, 'room_id', 'wrong_type'],
    ['a room id that is fractional', { ...good, room_id: 1.5 }, 'room_id', 'wrong_type'],
    ['a room id of 0', { ...good, room_id: 0 }, 'room_id'],
    ['a room id over 2^53', { ...good, room_id: 9007199254740993n }, 'room_id'],
    ['no room id', { body: 'fine', client_key: 'k1' }, 'room_id', 'required'],
    ['a body that is a number', { ...good, body: 7 }, 'body', 'wrong_type'],
    ['a body that is null', { ...good, body: null }, 'body', 'wrong_type'],
    ['no body', { room_id: 1, client_key: 'k1' }, 'body', 'required'],
    ['an empty body', { ...good, body: '' }, 'body', 'required'],
    ['a body of white space', { ...good, body: ' \n\t\u00a0' }, 'body', 'required'],
    ['a body of 8,001 characters', { ...good, body: 'é'.repeat(8001) }, 'body', 'too_long'],
    ['a body with NUL', { ...good, body: 'a\u0000b' }, 'body', 'nul'],
    ['a client key that is a list', { ...good, client_key: ['k1'] }, 'client_key', 'wrong_type'],
    ['an empty client key', { ...good, client_key: '' }, 'client_key'],
    ['a client key of 65 characters', { ...good, client_key: 'k'.repeat(65) }, 'client_key'],
    ['a client key with a space', { ...good, client_key: 'k 1' }, 'client_key'],
    ['a list', [good]],
    ['a text', 'message'],
    ['null', null],
  ]
  for (const [what, data, field, code] of bad) {
    test(`${what} answers 400`, async () => {
      const connection = await rawConnected(ann)
      const text = JSON.stringify({ id: 2, rpc: { method: 'message.post', data } }, (_, value) => (typeof value === 'bigint' ? `big${value}` : value))
      connection.socket.send(text.replace(/"big(\d+)"/, '$1').replace('"room_id":1,', `"room_id":${room.id},`))
      const { error } = await until('an answer', () => connection.frames.find((frame) => frame.id === 2))
      const problem = JSON.parse(error.message)

      assert.equal(error.code, 400)
      assert.equal(problem.status, 400)
      if (field) {
        assert.deepEqual(problem.errors.map((/** @type {any} */ e) => e.field), [field])
        assert.ok(problem.errors[0].detail)
      }
      if (code) assert.equal(problem.errors[0].code, code)

      // The connection stays: the next command is answered.
      connection.send({ id: 3, rpc: { method: 'typing.start', data: { room_id: room.id } } })
      const next = await until('the next answer', () => connection.frames.find((frame) => frame.id === 3))
      assert.deepEqual(next.rpc.data, {})
    })
  }

  test('exactly 8,000 characters are a message, whatever their bytes', async () => {
    const client = await connected(ann)
    for (const body of ['x'.repeat(8000), '🌊'.repeat(8000)]) {
      const { data } = await client.rpc('message.post', { room_id: room.id, body, client_key: randomUUID() })
      assert.equal(data.message.body, body)
    }
  })

  test('an unknown command answers 404', async () => {
    const client = await connected(ann)
    for (const method of ['message.explode', 'Message.Post', 'message.post ', '__proto__']) {
      const problem = await refusal(client.rpc(method, {}))
      assert.deepEqual([problem.status, problem.code], [404, 'unknown_command'])
    }
    assert.equal(client.state, 'connected')
  })

  test('a client cannot publish to a room past the commands', async () => {
    const [client, reader] = [await connected(ann), await connected(ben)]
    const room = await ann.createRoom('slipway') // in which nothing else has been said that could still be on its way
    await ben.join(room.id)
    const heard = await listen(reader, `room:${room.id}`)
    await assert.rejects(client.publish(`room:${room.id}`, [{ type: 'message.posted' }]))
    await assert.rejects(client.history(`room:${room.id}`, { limit: 10 }))
    await assert.rejects(client.presence(`room:${room.id}`))
    const { data } = await client.rpc('message.post', { room_id: room.id, body: 'Properly.', client_key: randomUUID() })
    await until('the proper one arrived', () => heard.events().some((e) => e.data.message?.id === data.message.id))
    assert.equal(heard.events().length, 1)
  })
})

describe('who may connect', () => {
  for (const [what, token] of Object.entries({
    'text that is no token': () => 'not.a.token',
    'a token with another signature': () => `${ann.token.slice(0, -8)}AAAAAAAA`,
    'an expired token': () => shorten(ann.token, -5),
    'a token over the limit': () => 'x'.repeat(5000),
  })) {
    test(`${what} does not connect`, async () => {
      const client = sdk({ token: token() })
      const refused = new Promise((resolve) => client.on('disconnected', resolve))
      let connected = false
      client.on('connected', () => (connected = true))
      client.connect()
      await within('refused', refused)
      assert.ok(!connected)
    })
  }

  test('nothing is done before the connect command', async () => {
    const before = await ann.history(room.id)
    const connection = await raw()
    connection.send({ id: 1, rpc: { method: 'message.post', data: { room_id: room.id, body: 'early', client_key: randomUUID() } } })
    const { code } = await within('closed', connection.closed)
    assert.ok(code >= 3500 && code < 4000, `closed with ${code}: do not come back like this`)
    assert.equal((await ann.history(room.id)).length, before.length)
  })

  test('a socket of another site is refused', async () => {
    const { default: WebSocket } = await import('ws')
    const { socketURL } = await import('../helpers/socket.mjs')
    const socket = new WebSocket(socketURL(server.url), { origin: 'https://evil.example' })
    const answer = await within('refused', new Promise((resolve, reject) => {
      socket.once('unexpected-response', (/** @type {any} */ request, /** @type {any} */ response) => {
        request.destroy()
        resolve(response.statusCode)
      })
      socket.once('open', () => reject(new Error('it opened')))
      socket.on('error', () => {})
    }))
    assert.equal(answer, 403)
  })

  test('a connection outlives its token when the client brings a new one', async () => {
    let asked = 0
    const client = sdk({
      token: shorten(ann.token, 10),
      getToken: async () => {
        asked++
        return shorten(ann.token, asked === 1 ? 10 : 600)
      },
    })
    /** @type {string[]} */
    const states = []
    client.on('state', ({ newState }) => states.push(newState))
    await connect(client)
    const heard = await listen(client, `room:${room.id}`)

    await until('both short tokens were replaced', () => asked === 2)
    const { data } = await client.rpc('message.post', { room_id: room.id, body: 'Still here.', client_key: randomUUID() })
    await until('it arrived', () => heard.events().some((e) => e.data.message?.id === data.message.id))
    assert.deepEqual(states, ['connecting', 'connected'], 'the connection never dropped')
  })

  test('a refresh with the token of somebody else ends the connection', async () => {
    // Sent by hand: an SDK brings a new token when the first is about to expire, and then it is a race whether it has connected by then.
    const connection = await rawConnected(ann)
    connection.send({ id: 2, refresh: { token: ben.token } })
    const { code } = await within('the connection ended', connection.closed)
    assert.equal(code, 3005, 'expired: come back with a token of your own')
  })
})

describe('broken frames close only their own connection', () => {
  test('a frame over 64 KiB closes with 1009 and writes nothing', async () => {
    const before = await ann.history(room.id)
    const [connection, neighbour] = [await rawConnected(ann), await connected(ben)]
    connection.send({ id: 2, rpc: { method: 'message.post', data: { room_id: room.id, body: 'fine', client_key: randomUUID(), pad: 'x'.repeat(64 * 1024) } } })
    const { code } = await within('closed', connection.closed)
    assert.equal(code, 1009)
    assert.equal((await ann.history(room.id)).length, before.length)
    assert.equal(neighbour.state, 'connected')
  })

  for (const { what, frame, closed } of [
    { what: 'text that is no JSON', frame: '{"id":2,"rpc":', closed: [3501, 'bad request'] },
    { what: 'a number', frame: '42', closed: [3501, 'bad request'] },
    { what: 'an empty frame', frame: '', closed: [3501, 'bad request'] },
    { what: 'a command without a kind', frame: '{"id":2}', closed: [3501, 'bad request'] },
    { what: 'a binary frame', frame: Buffer.from([0xff, 0x00, 0xfe]), closed: [1003, 'not the kind of message that was agreed on'] }, // RFC 6455, section 7.4.1
  ]) {
    test(`${what} closes with the code for it, and the neighbour goes on`, async () => {
      const [connection, neighbour] = [await rawConnected(ann), await connected(ben)]
      const heard = await listen(neighbour, `room:${room.id}`)
      connection.socket.send(frame)
      const { code, reason } = await within('closed', connection.closed)
      assert.deepEqual([code, reason], closed)

      const { data } = await neighbour.rpc('message.post', { room_id: room.id, body: 'Calm sea.', client_key: randomUUID() })
      await until('the neighbour hears itself', () => heard.events().some((e) => e.data.message?.id === data.message.id))
    })
  }

  test('nothing of this is an error of the server', () => {
    assert.doesNotMatch(server.log(), /level=ERROR|panic/)
  })
})
