package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is what a phase puts on a server.
type load struct {
	name     string
	duration time.Duration // senders begin no post after it
	posts    int           // nor more than this many
	pace     time.Duration // from one post of a sender to its next; 0 is no pause
	drain    time.Duration // how long a post, and at the end everybody's hearing, may take
}

// phase is one way of posting for a while.
type phase struct {
	index   int
	acks    [][]ack    // by sender and counter
	samples [][]sample // by sender and counter/sampleEvery
}

type ack struct {
	number int64
	took   time.Duration
}

// sample follows one post to its last receiver.
type sample struct {
	sent atomic.Int64 // nanoseconds of the crowd's time
	left atomic.Int64 // who has not heard it yet
	took atomic.Int64 // nanoseconds; 0 until the last one has
}

const sampleEvery = 8

func newPhase(index, senders, members, posts int) *phase {
	p := &phase{index: index, acks: make([][]ack, senders), samples: make([][]sample, senders)}
	for s := range senders {
		p.samples[s] = make([]sample, posts/senders/sampleEvery+1)
		for i := range p.samples[s] {
			p.samples[s][i].left.Store(int64(members))
		}
	}
	return p
}

// sample returns nil for a post that is not followed.
func (p *phase) sample(of post) *sample {
	if of.counter%sampleEvery != 0 || of.sender >= len(p.samples) || of.counter/sampleEvery >= len(p.samples[of.sender]) {
		return nil
	}
	return &p.samples[of.sender][of.counter/sampleEvery]
}

// reached notes that somebody heard a post.
func (p *phase) reached(by post, now time.Duration) {
	if s := p.sample(by); s != nil && s.left.Add(-1) == 0 {
		s.took.Store(max(int64(now)-s.sent.Load(), 1))
	}
}

// run lets every poster post in a closed loop, waits until everybody heard what was acknowledged, and checks the acknowledgements.
func (c *crowd) run(ctx context.Context, index int, posters []poster, l load, m meter) result {
	p := newPhase(index, len(posters), len(c.listeners), l.posts)
	before, _ := c.sum(c.last) // what was lost earlier is not lost again
	c.begin(p)
	usage := m.begin()
	start := c.now()

	sending, cancel := context.WithTimeout(ctx, l.duration+l.drain)
	faults := make([]error, len(posters))
	var wg sync.WaitGroup
	for sender, poster := range posters {
		wg.Go(func() {
			stop := context.AfterFunc(sending, poster.abort)
			defer stop()
			faults[sender] = c.send(p, sender, poster, l)
		})
	}
	wg.Wait()
	cancel()
	sent := c.now()
	last := max(c.last, p.newest())
	c.last = last
	c.wait(ctx, last, l.drain)
	cost := m.since(usage)
	after, newest := c.sum(last)

	did := after.minus(before)
	c.check(p, &did.ledger)
	r := result{Name: l.name, Members: len(c.listeners), Posts: p.acknowledged(), Deliveries: did.delivered, Ledger: did.ledger}
	r.EventsPerPublication = per(float64(did.delivered), float64(did.publications))
	r.rates(sent-start, newest-start)
	r.costs(cost)
	acks, reach := p.latencies()
	r.Ack, r.Reach, r.ReachSamples = quantiles(acks), quantiles(reach), len(reach)
	r.fail(append(faults, c.ended(), ctx.Err())...)
	return r
}

func (c *crowd) send(p *phase, sender int, by poster, l load) error {
	begun := c.now() + l.pace*time.Duration(sender)/time.Duration(len(p.acks)) // not all at once
	end := c.now() + l.duration
	for counter := range l.posts / len(p.acks) {
		time.Sleep(begun + l.pace*time.Duration(counter) - c.now())
		sent := c.now()
		if sent >= end {
			return nil
		}
		of := post{phase: p.index, sender: sender, counter: counter}
		if s := p.sample(of); s != nil {
			s.sent.Store(int64(sent))
		}
		number, err := by.post(of)
		if err != nil {
			return fmt.Errorf("%s: sender %d, post %d: %w", l.name, sender, counter, err)
		}
		p.acks[sender] = append(p.acks[sender], ack{number, c.now() - sent})
	}
	return nil
}

// wait returns when everybody has heard everything, or after the time for it.
func (c *crowd) wait(ctx context.Context, last int64, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !c.complete(last) {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// check holds the acknowledgements against what was heard: each number must stand for the post that it acknowledged, and rise from one
// post of a sender to the next.
func (c *crowd) check(p *phase, found *ledger) {
	for sender, acks := range p.acks {
		before := int64(0)
		for counter, a := range acks {
			of := post{phase: p.index, sender: sender, counter: counter}
			if a.number < 1 || a.number >= int64(len(c.truth)) {
				found.Altered++
				continue
			}
			// What nobody heard is lost, and was counted as that.
			if heard := c.truth[a.number].Load(); heard != 0 && heard != of.packed() {
				found.Altered++
			}
			if a.number <= before {
				found.Disordered++
			}
			before = a.number
		}
	}
}

// ended is why sockets ended that should not have.
func (c *crowd) ended() error {
	var all []error
	for i, l := range c.listeners {
		select {
		case <-l.ended:
			all = append(all, fmt.Errorf("listener %d: %w", i, l.err))
		default:
		}
	}
	return errors.Join(all[:min(len(all), 3)]...)
}

func (p *phase) acknowledged() int {
	n := 0
	for _, acks := range p.acks {
		n += len(acks)
	}
	return n
}

// newest is the highest number acknowledged.
func (p *phase) newest() int64 {
	last := int64(0)
	for _, acks := range p.acks {
		for _, a := range acks {
			last = max(last, a.number)
		}
	}
	return last
}

// latencies are sorted.
func (p *phase) latencies() (acks, reach []time.Duration) {
	for sender := range p.acks {
		for _, a := range p.acks[sender] {
			acks = append(acks, a.took)
		}
		for i := range p.samples[sender] {
			if took := p.samples[sender][i].took.Load(); took > 0 {
				reach = append(reach, time.Duration(took))
			}
		}
	}
	slices.Sort(acks)
	slices.Sort(reach)
	return acks, reach
}
