// Package realtime moves bytes between people's sockets and the rest of the server. It speaks Centrifuge's client protocol through the
// centrifuge library, which stays hidden in here. It knows connections, channels and commands, and no word of chat: who may connect, what a
// channel is and what a command does come in as functions.
//
// # What a publisher may rely on
//
// Publish never blocks on a reader and never fails: it puts the event in the channel's queue. Events of one channel published one after
// the other reach every connection of this node in that order. What piles up in a channel while the previous publication is on its way goes
// out as one frame, a JSON array: a busy room costs one write per member and batch, not one per member and event. When more than
// maxQueued events wait, new ones are dropped and counted; whoever must not miss anything catches up from the database by revision.
package realtime
