package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// idleResult is what sockets cost that only listen.
type idleResult struct {
	Sockets   int     `json:"sockets"`
	BeforeMiB float64 `json:"server_resident_mib_before"`
	AfterMiB  float64 `json:"server_resident_mib_after"`
	EachKiB   float64 `json:"server_resident_kib_each"`
}

// idleRest is how long nothing happens before memory is read. It is not asked to be collected: a server does not ask either.
const idleRest = 3 * time.Second

// openers is how many sockets are being opened at once.
const openers = 4 * settlers

// runIdle opens the sockets, all of which say who they are and subscribe to the room, and reads the server's memory before and after.
func (b *benchmark) runIdle(ctx context.Context, out output) error {
	var parley, floor idleResult
	measure := func(to *idleResult) func(*process) error {
		return func(p *process) (err error) {
			*to, err = b.wait(ctx, p)
			return err
		}
	}
	if err := b.onParley(ctx, measure(&parley)); err != nil {
		return err
	}
	all := map[string]idleResult{"parley": parley}
	if b.Floor {
		if err := b.onFloor(ctx, measure(&floor)); err != nil {
			return err
		}
		all["floor"] = floor
	}
	if b.JSON {
		e := json.NewEncoder(out.stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for name, r := range all {
		if _, err := fmt.Fprintf(out.stdout, "%s: %d idle sockets take the server from %.0f to %.0f MiB, %.1f KiB each\n",
			name, r.Sockets, r.BeforeMiB, r.AfterMiB, r.EachKiB); err != nil {
			return err
		}
	}
	return nil
}

func (b *benchmark) wait(ctx context.Context, p *process) (r idleResult, err error) {
	d := desk{address: p.address}
	home, err := d.settle(ctx, b.Members)
	d.client.CloseIdleConnections()
	if err != nil {
		return r, fmt.Errorf("fill the room: %w", err)
	}
	c := newCrowd(home, 1)
	defer c.close()
	rest(ctx)
	before := residentBytes(p.meter().pid)
	opening, cancel := context.WithTimeout(ctx, gatherPatience+time.Duration(b.Idle)*10*time.Millisecond)
	defer cancel()
	c.listeners = make([]*listener, b.Idle)
	err = each(b.Idle, openers, func(i int) (err error) {
		c.listeners[i], err = c.listen(opening, p.address, home.people[i%len(home.people)].token)
		return err
	})
	if err != nil {
		return r, err
	}
	rest(ctx)
	after := residentBytes(p.meter().pid)
	if err := c.ended(); err != nil {
		return r, err
	}
	const mib = 1 << 20
	return idleResult{
		Sockets: b.Idle, BeforeMiB: float64(before) / mib, AfterMiB: float64(after) / mib, EachKiB: float64(after-before) / float64(b.Idle) / 1024,
	}, ctx.Err()
}

func rest(ctx context.Context) {
	select {
	case <-time.After(idleRest):
	case <-ctx.Done():
	}
}
