// Package limit says how often something may be done: GCRA rate limits for one node in its memory and for many in Redis, and who a request
// comes from when there are proxies before us. It knows names and numbers, and no word of chat: what is limited, how far and for whom
// comes in from the doors.
//
// # The algorithm
//
// The Generic Cell Rate Algorithm, in its form "virtual scheduling" (ITU-T Recommendation I.371, annex A; first in The ATM Forum's UNI 3.1,
// section 3.6.2.4.1). For each key one number is kept, the theoretical arrival time (TAT): when the key would be as good as new if nothing more
// came. A Rate of Count in Per makes each cell cost the interval T = Per/Count, and lets the TAT run ahead of now by Per at most:
//
//	tat     = max(tat, now) + cost*T
//	allowed = tat - now <= Per
//	wait    = tat - now - Per        // when it is not; the TAT stays as it was
//
// Against counting in windows: nothing is forgotten at a window's edge, where twice the number would get through; against a token bucket: one
// number instead of two, and a key at rest is the same as no key, so the memory clears itself.
//
// # Failure policy
//
//   - A key that is refused costs nothing, and of several keys asked at once either all are charged or none.
//   - Nobody waits longer than Per, whatever the clock does. A TAT further ahead than Per cannot have been written by this clock at this rate:
//     the clock was set back, or the rate was changed. It counts as new. Within a process the clock is the monotonic one, and nodes that
//     share Redis use its clock and not their own.
//   - Redis away, slow or unable to write: each node limits by itself in memory (so N nodes allow up to N times as much), says so once, and
//     goes back when Redis answers. A limiter that refused everybody without Redis would be an outage, and one that let everybody through
//     would be an invitation.
//   - The memory is bounded. When it is full, what would be forgotten soonest goes first. An attacker cannot push out others' keys
//     cheaply: a request that one limit refuses writes no key for the others.
package limit
