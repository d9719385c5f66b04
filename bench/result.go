package main

import (
	"fmt"

	"parley/internal/bench"
)

// result is what one way of posting showed.
type result struct {
	Name                 string          `json:"name"`
	Members              int             `json:"members"`
	Posts                int             `json:"posts"`
	Deliveries           int             `json:"deliveries"`
	PostsPerSecond       float64         `json:"posts_per_second"`
	DeliveriesPerSecond  float64         `json:"deliveries_per_second"` // until the last one has come
	Ack                  bench.Quantiles `json:"acknowledgement_ms"`
	Reach                bench.Quantiles `json:"last_receiver_ms"`
	EventsPerPublication float64         `json:"events_per_publication"`
	Cost                 *costs          `json:"cost,omitempty"` // nil where there is nothing to read it from
	Ledger               bench.Ledger    `json:"ledger"`
	Faults               []string        `json:"faults,omitempty"`
}

// costs are processor time in microseconds, and memory.
type costs struct {
	PerPost              float64 `json:"server_us_per_post"`
	PerDelivery          float64 `json:"server_us_per_delivery"`
	GeneratorPerDelivery float64 `json:"generator_us_per_delivery"`
	ResidentMiB          float64 `json:"server_resident_mib"`
}

func resultOf(name string, r *bench.Report) result {
	to := result{
		Name: name, Members: r.Load.Members, Posts: r.Posts, Deliveries: int(r.Deliveries), PostsPerSecond: r.PostsRate, DeliveriesPerSecond: r.DeliveryRate,
		Ack: r.Latency.Ack, Reach: r.Latency.Last, EventsPerPublication: r.Together, Ledger: r.Ledger, Faults: faultsOf(r),
	}
	if c := r.Cost; c != nil {
		to.Cost = &costs{c.PerPost, c.PerDelivery, c.Generator, c.AfterMiB}
	}
	return to
}

// faultsOf are a run's faults. That a socket ended is one here, though its member came back, and so is a refusal: nobody cut a line, and the server
// has no limits.
func faultsOf(r *bench.Report) []string {
	all := r.Faults
	if n := r.Reconnects.Count; n > 0 {
		all = append(all, fmt.Sprintf("%d sockets ended and were opened again", n))
	}
	for code, n := range r.Refusals {
		all = append(all, fmt.Sprintf("%d times refused with %s", n, code))
	}
	return all
}

// clean says that everything came as it should and that nothing failed.
func (r *result) clean() bool { return r.Ledger == bench.Ledger{} && len(r.Faults) == 0 }

func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}
