package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/internal/bench"
)

// idleResult is what sockets cost that only listen.
type idleResult struct {
	Sockets   int     `json:"sockets"`
	BeforeMiB float64 `json:"server_resident_mib_before"`
	AfterMiB  float64 `json:"server_resident_mib_after"`
	EachKiB   float64 `json:"server_resident_kib_each"`
	Connect   float64 `json:"server_us_per_connect"`
}

// idlePlan has the same people in the room, who share the sockets. All sockets say who they are and listen to the room.
func (b *roomCmd) idlePlan() bench.Plan {
	p := b.plan(bench.ViaHTTP)
	p.Connections, p.People, p.Members, p.Senders = max(b.Idle, b.Members), b.Members, max(b.Idle, b.Members), 0
	p.Warmup, p.Duration = 0, 10*time.Millisecond
	return p
}

// runIdle opens the sockets, and reads the server's memory before and after.
func (b *roomCmd) runIdle(ctx context.Context, out output, at place) error {
	all := map[string]idleResult{}
	measure := func(name string) func(bench.Server) error {
		return func(s bench.Server) error {
			r, err := bench.Run(ctx, b.idlePlan(), s, bench.Options{})
			if err != nil {
				return err
			}
			if faults := faultsOf(r); len(faults) > 0 || r.Cost == nil {
				return errors.New("there is nothing to read memory from, or sockets ended: " + strings.Join(faults, "; "))
			}
			c := r.Cost
			all[name] = idleResult{r.Load.Connections, c.BeforeMiB, c.ConnectedMiB, c.PerConnection, c.PerConnect}
			return nil
		}
	}
	if err := at.onParley(ctx, want{database: b.Database, set: b.Set}, measure("parley")); err != nil {
		return err
	}
	if b.Floor {
		if err := onFloor(ctx, measure("floor")); err != nil {
			return err
		}
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
