// Package presence tells those who look at somebody whether they are online, and nobody else. It knows numbers of people and names of
// connections; that somebody is online means that they hold a lease, which others know. What goes over which wire comes in as functions.
//
// # What it costs
//
// Presence for each room, told to all its members, is quadratic: of 5,000 people who come back at once each would be told of 5,000. Here
//
//   - a connection says whom it shows (at most some hundreds) and is told of those only, in one message a tick, however many of them changed;
//   - a node tells the others who came and went since its last tick, in one message for all of them.
//
// So N people who come at once and are watched by w connections each cost at most N*w numbers, in as many messages as there are connections
// and ticks, and N numbers between nodes. The other way, in which each node would ask Redis for everybody it watches at every tick, costs as
// much when nothing happens as when everything does.
//
// # What may be relied on
//
//   - Coming is told at the next tick. Going is told when somebody has been away for the grace, so that a reload does not flicker.
//   - What one connection is told is in order, and nothing is sent to it sooner than a tick after the answer to its Watch.
//   - News between nodes can be lost. Each node asks again every healEvery for those it watches, and believes it when somebody was
//     missing twice: the first time may lie within the grace of another node.
package presence
