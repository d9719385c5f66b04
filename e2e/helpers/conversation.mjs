import assert from 'node:assert/strict'
import { until } from './until.mjs'

/** @typedef {import('./person.mjs').Person} Person */
/** @typedef {import('./api.mjs').Room} Room */

/** Coming back may wait out a back-off of 15 s that began just before. */
export const backMs = 90_000

/** Both write, turn by turn. @param {Person} ann @param {Person} ben @param {Room} room @param {string} when @param {number} turns */
export async function bothSay(ann, ben, room, when, turns) {
  for (let turn = 1; turn <= turns; turn++) {
    await ben.say(room.name, `boat ${when} ${turn}`)
    await ann.say(room.name, `shore ${when} ${turn}`)
  }
  await ann.hears(`shore ${when} ${turns}`)
}

/**
 * The proof: the server's history has every one of these once and without a gap, and both screens show exactly that.
 * @param {Person} ann @param {Person} ben @param {Room} room @param {string[]} said what each person said, in their order
 * @param {number} [before] how many messages the room had before that
 */
export async function bothSee(ann, ben, room, said, before = 2) {
  const total = before + said.length
  const history = await until(
    `the room has ${total} messages`,
    async () => {
      const all = await ann.account.history(room.id)
      return all.length >= total && all
    },
    backMs,
  )
  assert.deepEqual(history.map(({ number }) => number), Array.from({ length: total }, (_, i) => i + 1), 'numbers without a gap')
  assert.equal(new Set(history.map(({ client_key }) => client_key)).size, total, 'nothing twice')
  const bodies = history.map(({ body }) => body)
  assert.deepEqual(bodies.slice(before).sort(), [...said].sort(), 'everything that was said, and nothing else')
  for (const who of ['shore', 'boat']) {
    assert.deepEqual(bodies.filter((body) => body.startsWith(who)), said.filter((body) => body.startsWith(who)), `the ${who}'s own order`)
  }

  const truth = history.map(({ number, id, client_key: key, body }) => ({ number, id, key, body }))
  for (const person of [ann, ben]) {
    /** @type {import('../helpers/person.mjs').Shown[]} */
    let shown = []
    await until(`${person.name} sees all of it`, async () => {
      shown = await person.shown()
      return shown.length >= total && shown.every(({ number }) => number !== undefined)
    }, backMs).catch(() => {}) // the comparison says more
    assert.deepEqual(shown, truth, `what ${person.name} sees is the server's history`)
  }
  // Nobody has anything left to send now, so a message that was sent twice would be here.
  assert.equal((await ann.account.history(room.id)).length, total, 'nothing came after it')
}

/** @param {string} who @param {string} when @param {number} turns */
export const turnsOf = (who, when, turns) => Array.from({ length: turns }, (_, i) => `${who} ${when} ${i + 1}`)
