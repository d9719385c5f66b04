// Puts people, a room and a little talk into a fresh server: node scripts/seed.mjs http://127.0.0.1:8080
// It goes through the public API, so it also shows how a client signs in, makes a room and posts. A second run changes nothing.

const server = process.argv[2]
const password = 'correct horse battery'
const people = [
  { username: 'ada', display_name: 'Ada Lovelace' },
  { username: 'grace', display_name: 'Grace Hopper' },
  { username: 'alan', display_name: 'Alan Turing' },
]
const talk = [
  ['ada', 'Welcome. This room and these people are made up; do with them what you like.'],
  ['grace', 'Thanks. Is the engine running yet?'],
  ['ada', 'It is. Try `Ctrl-K`.'],
  ['alan', 'Can it **think**, though?'],
]

async function call(method, path, body, token, headers = {}) {
  const answer = await fetch(server + path, {
    method,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  })
  const value = answer.status === 204 ? null : await answer.json()
  if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${value?.detail ?? value?.title}`), { code: value?.code })
  return value
}

async function ready() {
  for (let tries = 0; tries < 150; tries++) {
    const answer = await fetch(`${server}/health/ready`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${server} does not become ready; see what it says above`)
}

async function signIn(person) {
  try {
    return await call('POST', '/api/v1/auth/signup', { ...person, password })
  } catch (error) {
    if (error.code !== 'username_taken') throw error
    return await call('POST', '/api/v1/auth/login', { username: person.username, password })
  }
}

await ready()
const tokens = {}
for (const person of people) tokens[person.username] = (await signIn(person)).access_token

const room = await call('POST', '/api/v1/rooms', { name: 'General', kind: 'public', topic: 'Anything goes' }, tokens.ada, { 'Idempotency-Key': 'seed-general' })
for (const person of people) await call('POST', `/api/v1/rooms/${room.id}/join`, null, tokens[person.username])
for (const [index, [username, body]] of talk.entries()) {
  await call('POST', `/api/v1/rooms/${room.id}/messages`, { body, client_key: `seed-${index}` }, tokens[username])
}
console.log(`\nSign in as ${people.map((person) => person.username).join(', ')} with the password "${password}".\n`)
