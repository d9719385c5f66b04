/**
 * Has one request of a page refused once, as the server does when the sign-in is a while ago: its clock is the machine's, and a test does not wait. What
 * follows, the proof and the request again, is the server's own. That it refuses is proved where clocks can be moved.
 * @param {import('./person.mjs').Person} person
 * @param {string} path
 * @param {Partial<{ password: boolean, second_factor: boolean, passkey: boolean, providers: string[] }>} ways
 */
export async function asksForProof(person, path, ways) {
  const reauthentication = { password: false, second_factor: false, passkey: false, providers: [], ...ways }
  const body = { type: 'about:blank', title: 'Forbidden', status: 403, code: 'reauthentication_needed', reauthentication }
  person.watch.expect(/status of 403/)
  await person.context.route(
    `**/api/v1/${path}`,
    (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(body) }),
    { times: 1 },
  )
}
