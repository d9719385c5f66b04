package main

import (
	"context"
	"errors"
	"time"
)

// result is what one phase showed.
type result struct {
	Name                 string   `json:"name"`
	Members              int      `json:"members"`
	Posts                int      `json:"posts"`
	Deliveries           int      `json:"deliveries"`
	PostsPerSecond       float64  `json:"posts_per_second"`
	DeliveriesPerSecond  float64  `json:"deliveries_per_second"` // until the last one has come
	Ack                  quantile `json:"acknowledgement_ms"`
	Reach                quantile `json:"last_receiver_ms"`
	ReachSamples         int      `json:"last_receiver_samples"`
	EventsPerPublication float64  `json:"events_per_publication"`
	Cost                 *costs   `json:"cost,omitempty"` // nil where there is nothing to read it from
	Ledger               ledger   `json:"ledger"`
	Faults               []string `json:"faults,omitempty"`
}

// costs are processor time in microseconds, and memory.
type costs struct {
	PerPost              float64 `json:"server_us_per_post"`
	PerDelivery          float64 `json:"server_us_per_delivery"`
	GeneratorPerDelivery float64 `json:"generator_us_per_delivery"`
	ResidentMiB          float64 `json:"server_resident_mib"`
}

// ledger counts what should not be, over all listeners.
type ledger struct {
	Lost       int `json:"lost"`
	Doubled    int `json:"doubled"`
	Disordered int `json:"out_of_order"`
	Altered    int `json:"altered"`
}

func (l ledger) plus(o ledger) ledger {
	return ledger{l.Lost + o.Lost, l.Doubled + o.Doubled, l.Disordered + o.Disordered, l.Altered + o.Altered}
}

// clean says that everything came as it should and that nothing failed.
func (r *result) clean() bool { return r.Ledger == ledger{} && len(r.Faults) == 0 }

// quantile is in milliseconds.
type quantile struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func quantiles(sorted []time.Duration) quantile {
	at := func(q float64) float64 {
		if len(sorted) == 0 {
			return 0
		}
		return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
	}
	return quantile{at(0.50), at(0.95), at(0.99)}
}

// rates needs the counts.
func (r *result) rates(sending, hearing time.Duration) {
	r.PostsPerSecond = per(float64(r.Posts), sending.Seconds())
	r.DeliveriesPerSecond = per(float64(r.Deliveries), max(sending, hearing).Seconds())
}

// costs needs the counts.
func (r *result) costs(c cost) {
	if !c.known {
		return
	}
	micros := func(d time.Duration, n int) float64 { return per(float64(d)/float64(time.Microsecond), float64(n)) }
	r.Cost = &costs{
		PerPost: micros(c.server, r.Posts), PerDelivery: micros(c.server, r.Deliveries),
		GeneratorPerDelivery: micros(c.generator, r.Deliveries), ResidentMiB: float64(c.rss) / (1 << 20),
	}
}

func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// fail notes what went wrong. That a run was interrupted is not worth a line for everybody it cut off.
func (r *result) fail(all ...error) {
	for _, err := range all {
		if err != nil && !errors.Is(err, context.Canceled) {
			r.Faults = append(r.Faults, err.Error())
		}
	}
}
