package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a run showed. Its JSON is described in docs/operations.md; fields are added and not changed, or Schema rises.
type Report struct {
	Schema       int            `json:"schema"`
	Server       About          `json:"server"`
	Load         Load           `json:"load"`
	Interrupted  bool           `json:"interrupted"`
	Posts        int            `json:"posts"` // acknowledged
	PostsRate    float64        `json:"posts_per_second"`
	Deliveries   int64          `json:"deliveries"`
	DeliveryRate float64        `json:"deliveries_per_second"` // until the last one has come
	Together     float64        `json:"messages_per_publication"`
	Late         int            `json:"posts_not_sent"` // were due, and their senders still waited for an earlier answer
	Refused      int            `json:"posts_refused"`
	Retries      int64          `json:"posts_retried"` // were sent again, because their answer did not come
	Latency      Latency        `json:"latency_ms"`
	Ledger       Ledger         `json:"ledger"`
	Reconnects   Reconnects     `json:"reconnects"`
	Refusals     map[string]int `json:"refusals"`
	Cost         *Cost          `json:"cost,omitempty"` // of a server of its own, on Linux
	Reads        *Reads         `json:"reads,omitempty"`
	Hints        []string       `json:"hints,omitempty"`
	Faults       []string       `json:"faults,omitempty"`
}

// About is which server it was.
type About struct {
	Own      bool     `json:"own"`
	URLs     []string `json:"urls,omitempty"`
	Database string   `json:"database,omitempty"`
	Nodes    int      `json:"nodes,omitempty"`
}

// Load is the plan.
type Load struct {
	Connections int     `json:"connections"`
	Rooms       int     `json:"rooms"`
	Members     int     `json:"members"`
	Senders     int     `json:"senders"`
	Rate        float64 `json:"rate"`
	Via         string  `json:"via"`
	BodyBytes   int     `json:"body_bytes"`
	Seconds     float64 `json:"seconds"`
	Warmup      float64 `json:"warmup_seconds"`
	CutAfter    float64 `json:"cut_after_seconds"`
}

func loadOf(r *run) Load {
	p := r.plan
	return Load{
		p.Connections, p.Rooms, p.Members, p.Senders, p.Rate, p.Via, p.BodyBytes, p.Duration.Seconds(), p.Warmup.Seconds(), p.CutAfter.Seconds(),
	}
}

// Latency is from when a post was due.
type Latency struct {
	Ack     Quantiles `json:"acknowledged"`
	Receipt Quantiles `json:"received"`      // each receipt
	Last    Quantiles `json:"last_receiver"` // the last one of each post
}

// Reconnects are sockets that ended and came back.
type Reconnects struct {
	Count    int64     `json:"count"`
	CaughtUp int64     `json:"messages_caught_up"`
	Healed   Quantiles `json:"healed_ms"` // from the end of the socket until everything missed was read
}

// Cost is what the server used.
type Cost struct {
	PerPost        float64 `json:"server_cpu_us_per_post"`
	PerDelivery    float64 `json:"server_cpu_us_per_delivery"`
	HelpersPerPost float64 `json:"helpers_cpu_us_per_post"` // of the database and of Redis, where they are known
	PerConnect     float64 `json:"server_cpu_us_per_connect"`
	Generator      float64 `json:"generator_cpu_us_per_delivery"`
	Cores          float64 `json:"server_cores"`
	GeneratorCores float64 `json:"generator_cores"`
	BeforeMiB      float64 `json:"server_rss_mib_before"`
	ConnectedMiB   float64 `json:"server_rss_mib_connected"`
	AfterMiB       float64 `json:"server_rss_mib_after"`
	PerConnection  float64 `json:"server_rss_kib_per_connection"`
}

// Clean says that everything came as it should and that nothing failed.
func (r *Report) Clean() bool { return r.Ledger == Ledger{} && len(r.Faults) == 0 }

func (r *Report) fill(run *run, sending time.Duration, fault error) {
	receipts := make([]*histogram, len(run.receipts))
	for i := range run.receipts {
		receipts[i] = &run.receipts[i]
	}
	r.Latency = Latency{quantiles(&run.acks), quantiles(receipts...), quantiles(&run.lasts)}
	r.Deliveries = r.Latency.Receipt.Count
	for _, s := range run.senders {
		r.Posts += s.acknowledged
		r.Late += s.late
		r.Refused += s.refusals
		r.Ledger = r.Ledger.plus(Ledger{Altered: s.altered, Disordered: s.disordered})
	}
	r.PostsRate = per(float64(r.Posts), sending.Seconds())
	r.DeliveryRate = per(float64(r.Deliveries), max(sending, time.Duration(run.newest.Load()-run.from.Load())).Seconds())
	r.Reconnects = Reconnects{run.reconnects.Load(), run.caughtUp.Load(), quantiles(&run.healed)}
	r.Retries = run.retries.Load()
	var faults []error
	var all heard
	for _, m := range run.members {
		m.mu.Lock()
		for i := range m.tallies {
			r.Ledger = r.Ledger.plus(m.tallies[i].ledger(run.rooms[m.tallies[i].room].last.Load()))
		}
		all.publications += m.heard.publications
		all.messages += m.heard.messages
		if m.gone != nil {
			faults = append(faults, fmt.Errorf("%s: %w", m.name, m.gone))
		}
		m.mu.Unlock()
	}
	r.Together = per(float64(all.messages), float64(all.publications))
	r.Ledger.Altered += int(run.strange.Load())
	if fault != nil {
		r.Faults = strings.Split(fault.Error(), "\n")
	}
	for _, f := range faults {
		r.Faults = append(r.Faults, f.Error())
	}
	if more := len(r.Faults) - mostFaults; more > 0 {
		r.Faults = append(r.Faults[:mostFaults], fmt.Sprintf("and %d more", more))
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	r.Refusals = maps.Clone(run.refusals)
	r.Hints = slices.Sorted(maps.Keys(run.hints))
}

const mostFaults = 10

func (r *Report) cost(m meter, before usage, took time.Duration) {
	used := m.read().minus(before)
	if !used.known {
		return
	}
	r.Cost = &Cost{
		PerPost: per(micros(used.server), float64(r.Posts)), PerDelivery: per(micros(used.server), float64(r.Deliveries)),
		HelpersPerPost: per(micros(used.helpers), float64(r.Posts)), Generator: per(micros(used.generator), float64(r.Deliveries)),
		Cores: per(used.server.Seconds(), took.Seconds()), GeneratorCores: per(used.generator.Seconds(), took.Seconds()),
		AfterMiB: float64(m.resident()) / mib,
	}
}

const mib = 1 << 20

func (c *Cost) memory(before, connected int64, connecting usage, connections int) {
	c.BeforeMiB, c.ConnectedMiB = float64(before)/mib, float64(connected)/mib
	c.PerConnection = per(float64(connected-before)/1024, float64(connections))
	c.PerConnect = per(micros(connecting.server), float64(connections))
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// JSON prints the report for machines.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text prints it for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	l := r.Load
	pace := "each as fast as it is answered"
	if l.Rate > 0 {
		pace = fmt.Sprintf("%g posts/s together", l.Rate)
	}
	fmt.Fprintf(&b, "%d connections, %d rooms of %d, %d senders over %s, %s, %d-byte messages, %g s\n\n", l.Connections, l.Rooms, l.Members, l.Senders, l.Via, pace, l.BodyBytes, l.Seconds)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-28s%s\n", name, fmt.Sprintf(format, args...))
	}
	row("acknowledged posts/s", "%.1f  (%d posts)", r.PostsRate, r.Posts)
	row("deliveries/s", "%.0f  (%d deliveries)", r.DeliveryRate, r.Deliveries)
	times := func(name string, q Quantiles) {
		if q.Count > 0 {
			row(name, "p50 %.1f  p95 %.1f  p99 %.1f  max %.1f", q.P50, q.P95, q.P99, q.Max)
		}
	}
	times("acknowledged after ms", r.Latency.Ack)
	times("received after ms", r.Latency.Receipt)
	times("by the last receiver, ms", r.Latency.Last)
	if c := r.Cost; c != nil {
		row("server CPU", "%.0f µs a post, %.2f µs a delivery, %.2f cores (this generator: %.2f)", c.PerPost, c.PerDelivery, c.Cores, c.GeneratorCores)
		row("server RSS", "%.0f MiB, connected %.0f (%.1f KiB a connection), at the end %.0f", c.BeforeMiB, c.ConnectedMiB, c.PerConnection, c.AfterMiB)
	}
	row("reconnects", "%d, %d messages caught up", r.Reconnects.Count, r.Reconnects.CaughtUp)
	times("back and healed after ms", r.Reconnects.Healed)
	for _, code := range slices.Sorted(maps.Keys(r.Refusals)) {
		row("refused: "+code, "%d", r.Refusals[code])
	}
	if r.Late > 0 {
		row("not sent in time", "%d posts: more senders, or a lower rate", r.Late)
	}
	if r.Retries > 0 {
		row("sent again", "%d posts", r.Retries)
	}
	row("not as it should be", "%d lost, %d doubled, %d out of order, %d altered", r.Ledger.Lost, r.Ledger.Doubled, r.Ledger.Disordered, r.Ledger.Altered)
	r.remarks(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) remarks(b *strings.Builder) {
	for _, h := range r.Hints {
		fmt.Fprintf(b, "hint: %s\n", h)
	}
	for _, f := range r.Faults {
		fmt.Fprintf(b, "fault: %s\n", f)
	}
	if r.Interrupted {
		b.WriteString("interrupted: this is what there was until then\n")
	}
	if !r.Clean() {
		b.WriteString("NOT CLEAN: something was lost, doubled, out of order or altered, or failed\n")
	}
}
