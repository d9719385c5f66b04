// Package lease counts what is held for a while: who holds how many connections on all nodes, with a cap for each owner. It knows numbers
// and names, and no word of chat or of sockets: what is held and what happens to a holder beyond the cap come in from outside.
//
// # Why leases
//
// A counter that goes up on connect and down on disconnect is wrong for ever after the first crash. A lease lapses by itself: a node that holds
// one says so again every third of its life, and what nobody renews is gone after one life, whoever crashed.
//
// # Failure policy
//
//   - Redis away, slow or unable to write: each node counts by itself (so N nodes allow up to N times the cap), says so once, and counts
//     together again when Redis is back. Nobody is refused for the lack of Redis.
//   - Redis back, also without its data: every node takes again what it holds. Nobody who is connected is sent away for that under a rule that
//     refuses; under one that evicts, the oldest beyond the cap are.
//   - News of an eviction may be lost on the way to the node that holds the lease. Its next renewal takes the lease again, is found to be the oldest
//     beyond the cap, and is evicted there.
//   - Dropping twice, or dropping what was never taken, is nothing.
package lease
