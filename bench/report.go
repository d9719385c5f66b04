package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// report is everything a run showed.
type report struct {
	Database  string   `json:"database"`
	Members   int      `json:"members"`
	Senders   int      `json:"senders"`
	Seconds   float64  `json:"seconds_per_phase"`
	BodyBytes int      `json:"body_bytes"`
	Parley    []result `json:"parley"`
	Floor     []result `json:"floor,omitempty"`
}

func (r *report) clean() bool {
	return !slices.ContainsFunc(slices.Concat(r.Parley, r.Floor), func(p result) bool { return !p.clean() })
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	_, err := fmt.Fprintf(w, "Parley on %s: one room, %d members who all listen, %d senders, %d-byte messages, %g s a phase, %d processors\n\n",
		r.Database, r.Members, r.Senders, r.BodyBytes, r.Seconds, runtime.NumCPU())
	if err != nil {
		return err
	}
	if err := r.table(w); err != nil {
		return err
	}
	return r.verdict(w)
}

// figure is one row of the table.
type figure struct {
	name string
	cell func(*result) string
}

func everyFigure() []figure {
	costing := func(format string, f func(*costs) float64) func(*result) string {
		return func(r *result) string {
			if r.Cost == nil {
				return "-"
			}
			return fmt.Sprintf(format, f(r.Cost))
		}
	}
	return []figure{
		{"acknowledged posts/s", func(r *result) string { return fmt.Sprintf("%.0f", r.PostsPerSecond) }},
		{"deliveries/s", func(r *result) string { return fmt.Sprintf("%.0f", r.DeliveriesPerSecond) }},
		{"acknowledged after ms, p50 / p95 / p99", func(r *result) string {
			return fmt.Sprintf("%.1f / %.1f / %.1f", r.Ack.P50, r.Ack.P95, r.Ack.P99)
		}},
		{"with the last member after ms, p50 / p99", func(r *result) string { return fmt.Sprintf("%.1f / %.1f", r.Reach.P50, r.Reach.P99) }},
		{"messages per publication", func(r *result) string { return fmt.Sprintf("%.2f", r.EventsPerPublication) }},
		{"server CPU µs per post", costing("%.0f", func(c *costs) float64 { return c.PerPost })},
		{"server CPU µs per delivery", costing("%.2f", func(c *costs) float64 { return c.PerDelivery })},
		{"generator CPU µs per delivery", costing("%.2f", func(c *costs) float64 { return c.GeneratorPerDelivery })},
		{"server RSS MiB", costing("%.0f", func(c *costs) float64 { return c.ResidentMiB })},
		{"posts", func(r *result) string { return fmt.Sprint(r.Posts) }},
		{"lost / doubled / out of order / altered", func(r *result) string {
			return fmt.Sprintf("%d / %d / %d / %d", r.Ledger.Lost, r.Ledger.Doubled, r.Ledger.Disordered, r.Ledger.Altered)
		}},
	}
}

func (r *report) table(w io.Writer) error {
	columns := slices.Concat(r.Parley, r.Floor)
	head := fmt.Sprintf("%-42s", "")
	for i := range columns {
		whose := "Parley"
		if i >= len(r.Parley) {
			whose = "floor"
		}
		head += fmt.Sprintf("%22s", whose+", "+columns[i].Name)
	}
	lines := []string{head}
	for _, f := range everyFigure() {
		row := fmt.Sprintf("%-42s", f.name)
		for i := range columns {
			row += fmt.Sprintf("%22s", f.cell(&columns[i]))
		}
		lines = append(lines, row)
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// verdict says how Parley compares to the floor, and what went wrong.
func (r *report) verdict(w io.Writer) error {
	for i := range r.Floor {
		p, f := r.Parley[i].Cost, r.Floor[i].Cost
		if p == nil || f == nil {
			continue
		}
		if _, err := fmt.Fprintf(w, "\n%s: Parley's CPU per delivery is %.2f times the floor's", r.Floor[i].Name, per(p.PerDelivery, f.PerDelivery)); err != nil {
			return err
		}
	}
	for _, phase := range slices.Concat(r.Parley, r.Floor) {
		for _, fault := range phase.Faults {
			if _, err := fmt.Fprintf(w, "\nfault: %s", fault); err != nil {
				return err
			}
		}
	}
	last := "\nnothing lost, doubled, out of order or altered\n"
	if !r.clean() {
		last = "\nNOT CLEAN: something was lost, doubled, out of order or altered, or failed\n"
	}
	_, err := io.WriteString(w, last)
	return err
}
