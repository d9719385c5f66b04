package realtime

import (
	"context"
	"log/slog"
	"time"
)

// peers are the other nodes that this one hears. One that falls silent without having said goodbye may have stored something of which it told
// nobody: it was killed in between, and in a quiet room nobody would ever notice. So everybody here is told to look.
//
// Silence is counted in this node's own ticks. A node that was itself paused, or had no link, has counted none meanwhile, and says nothing about
// the others.
type peers struct {
	heard map[string]uint64 // by node: at which tick
	left  map[string]uint64 // those that said goodbye: what comes after that was on its way before
}

const (
	// lostTicks is how long a node may be silent: several times what breaks its own link, after which it makes good by itself what it can.
	lostTicks = 10
	// toldASecond is how fast those connected here are told of a lost node: each of them then asks the database for their rooms.
	toldASecond = 1000
)

// What a node says of itself, followed by its name.
const (
	alive   = 'a'
	goodbye = 'b'
)

func newPeers() peers { return peers{heard: map[string]uint64{}, left: map[string]uint64{}} }

func (b *broker) alive() string { return b.name("alive", "") }

// hearPeer takes what a node says of itself, and reports whether it is new: then it is to hear of this one at once, or it would not miss a node
// that ends before it says again that it lives.
func (b *broker) hearPeer(message string) (isNew bool) {
	if len(message) < 2 || message[1:] == b.node {
		return false
	}
	node := message[1:]
	b.mu.Lock()
	defer b.mu.Unlock()
	if message[0] == goodbye {
		delete(b.peers.heard, node)
		b.peers.left[node] = b.age
		b.metrics.peers.Set(float64(len(b.peers.heard)))
		return false
	}
	if _, left := b.peers.left[node]; left {
		return false
	}
	_, known := b.peers.heard[node]
	b.peers.heard[node] = b.age
	b.metrics.peers.Set(float64(len(b.peers.heard)))
	return !known
}

// sayAlive tells the other nodes that this one lives.
func (b *broker) sayAlive(ctx context.Context) error {
	return b.send(ctx, b.alive(), string(alive)+b.node)
}

// countLost forgets the nodes that have been silent for too long, and returns how many these are.
func (p *peers) countLost(age uint64) (lost int) {
	for node, heard := range p.heard {
		if age-heard > lostTicks {
			delete(p.heard, node)
			lost++
		}
	}
	for node, left := range p.left {
		if age-left > lostTicks {
			delete(p.left, node)
		}
	}
	return lost
}

// again gives every node the whole time anew: this one has not heard any of them for a while.
func (p *peers) again(age uint64) {
	for node := range p.heard {
		p.heard[node] = age
	}
}

// lose tells everybody connected here that some nodes were lost, one after the other.
func (b *broker) lose(ctx context.Context, nodes int) {
	b.metrics.lost.Add(float64(nodes))
	b.mu.Lock()
	b.metrics.peers.Set(float64(len(b.peers.heard)))
	people := b.people()
	b.mu.Unlock()
	b.log.WarnContext(ctx, "a node ended without saying so; those connected here are asked to look for what it may not have told",
		slog.Int("nodes", nodes), slog.Int("people", len(people)))
	b.done.Go(func() {
		over := time.Duration(len(people)) * time.Second / toldASecond
		spreadOut(ctx, len(people), over, func(i int) { b.tellHere(people[i : i+1]) })
	})
}

// leaveWell tells the other nodes that this one ends and owes them nothing. Without that they look for what it owes.
func (b *broker) leaveWell(ctx context.Context) {
	b.mu.Lock()
	owes := b.link == nil || b.owes || b.toAll || len(b.unsent) > 0
	b.mu.Unlock()
	if owes {
		return
	}
	if err := b.send(ctx, b.alive(), string(goodbye)+b.node); err != nil {
		b.log.WarnContext(ctx, "no goodbye to the other nodes; they will look for what this one may not have told", slog.Any("error", err))
	}
}

// Owe says that something may have been stored here of which nobody will be told, such as for a request that was cut off. The other nodes will
// take this one for lost when it ends, which is what makes good for that.
func (n *Node) Owe() {
	if n.broker == nil {
		return
	}
	n.broker.mu.Lock()
	defer n.broker.mu.Unlock()
	n.broker.owes = true
}
