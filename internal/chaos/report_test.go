package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// table is the ledger for people, ready to be put into a document.
func (r *run) table(l *ledger) string {
	var b strings.Builder
	row := func(what string, figure any) { fmt.Fprintf(&b, "| %s | %v |\n", what, figure) }
	fmt.Fprintf(&b, "| %d members, %d rooms, %d nodes, %s, seed %d | |\n|---|---|\n", r.size.members, r.size.rooms, r.size.nodes,
		time.Since(r.begun).Round(time.Second), r.seed)
	row("messages that somebody meant to send", l.meant)
	row("acknowledged", l.acked)
	row("given up by their sender without an answer", l.unknown)
	row("**lost**", l.lost)
	row("**duplicated**", l.duplicated)
	row("**phantom**", l.phantom)
	row("**out of order**", l.outOfOrder)
	row("**gaps**", l.gaps)
	row("**other than acknowledged**", l.altered)
	row("**members whose copy of a room differs**", l.differing)
	row("**members who did not come back**", l.absent)
	row("attempts to post, of them again", fmt.Sprintf("%d, %d", r.count.attempts.Load(), r.count.retries.Load()))
	row("events applied", r.count.events.Load())
	row("times somebody caught up, pages of changes", fmt.Sprintf("%d, %d", r.count.heals.Load(), r.count.pages.Load()))
	row("connections opened again", r.count.connections.Load()-int64(r.size.members))
	row("tokens renewed, signed in anew", fmt.Sprintf("%d, %d", r.count.renewals.Load(), r.count.signIns.Load()))
	row("until acknowledged: half, 99 %, all within", r.count.within(0.5, 0.99, 1))
	for _, what := range slices.Sorted(maps.Keys(r.done)) {
		row("accident: "+what, r.done[what])
	}
	r.count.mu.Lock()
	defer r.count.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(r.count.refusals)) {
		row("answer: "+what, r.count.refusals[what])
	}
	return b.String()
}

// within says in how much time which shares of the messages were acknowledged.
func (c *counters) within(shares ...float64) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.waits)
	var times []string
	for _, share := range shares {
		if n := len(c.waits); n > 0 {
			times = append(times, c.waits[min(n-1, int(share*float64(n)))].Round(time.Millisecond).String())
		}
	}
	return strings.Join(times, ", ")
}
