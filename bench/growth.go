package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/internal/bench"
)

// growth is one point: what a message costs when there is so much around it that has nothing to do with it.
type growth struct {
	Axis        string   `json:"axis"`
	Rooms       int      `json:"rooms"`
	Connections int      `json:"connections"`
	PerPost     float64  `json:"server_cpu_us_per_post"`
	PerDelivery float64  `json:"server_cpu_us_per_delivery"`
	P99         float64  `json:"received_p99_ms"`
	Faults      []string `json:"faults,omitempty"`
}

const (
	alongRooms       = "rooms"
	alongConnections = "connections"
	growthMembers    = 20
	growthRate       = 200
)

func (g growth) x() int {
	if g.Axis == alongRooms {
		return g.Rooms
	}
	return g.Connections
}

// grow measures the same load, 200 posts a second into rooms of 20, with ever more rooms and ever more connections.
func (s *survey) grow(ctx context.Context) error {
	var points []growth
	for _, rooms := range []int{10, 100, 1000} {
		points = append(points, growth{Axis: alongRooms, Rooms: rooms, Connections: 1000})
	}
	for _, connections := range []int{100, 1000, 10_000} {
		points = append(points, growth{Axis: alongConnections, Rooms: connections / growthMembers, Connections: connections})
	}
	for _, p := range points {
		plan := bench.Plan{
			Connections: p.Connections, Rooms: p.Rooms, Members: growthMembers, Senders: 100, Rate: growthRate, Warmup: time.Second, Duration: s.cmd.Each,
		}
		err := s.on(ctx, s.cmd.Engines[0], func(to bench.Server) error {
			r, faults, err := s.load(ctx, plan, to)
			if err != nil {
				return err
			}
			p.PerPost, p.PerDelivery, p.P99, p.Faults = r.Cost.PerPost, r.Cost.PerDelivery, r.Latency.Receipt.P99, faults
			return nil
		})
		if err == nil && len(p.Faults) > 0 {
			err = fmt.Errorf("%v", p.Faults)
		}
		if err != nil {
			return fmt.Errorf("%d rooms, %d connections: %w", p.Rooms, p.Connections, err)
		}
		s.say("%d rooms, %d connections: %.0f µs a post with its %d deliveries", p.Rooms, p.Connections, p.PerPost, growthMembers)
		s.figures.Growth = append(s.figures.Growth, p)
	}
	return nil
}

// nodes delivers the same through one node and through two with Redis between them.
func (s *survey) nodes(ctx context.Context) (err error) {
	const most = 1.5
	redis, err := startRedis(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.stop()) }()
	plan := bench.Plan{
		Connections: 1000, Rooms: 20, Members: 50, Senders: 20, Rate: 100, Warmup: time.Second, Duration: s.cmd.Each, Via: bench.ViaSocket,
	}
	var all [2]*bench.Report
	var faults []string
	for i := range all {
		w := want{nodes: i + 1, redis: "redis://" + redis.address}
		if err := s.inPostgres(ctx, &w); err != nil {
			return err
		}
		w.helpers = append(w.helpers, redis.pid())
		err := s.at.onParley(ctx, w, func(to bench.Server) error {
			r, wrong, err := s.load(ctx, plan, to)
			all[i], faults = r, append(faults, wrong...)
			return err
		})
		if err != nil {
			return err
		}
	}
	one, two := all[0].Cost, all[1].Cost
	times := per(two.PerDelivery, one.PerDelivery)
	c := cell{Faults: faults, Values: map[string]float64{
		"times": times, "one_server_cpu_us_per_delivery": one.PerDelivery, "two_server_cpu_us_per_delivery": two.PerDelivery,
		"one_helpers_cpu_us_per_post": one.HelpersPerPost, "two_helpers_cpu_us_per_post": two.HelpersPerPost,
		"one_received_p99_ms": all[0].Latency.Receipt.P99, "two_received_p99_ms": all[1].Latency.Receipt.P99,
	}}
	c.say(fmt.Sprintf("%.2f", times), times > most)
	c.say(fmt.Sprintf("%.1f µs and %.1f", two.PerDelivery, one.PerDelivery), false)
	s.add("two nodes over Redis, processor time of a delivery, times that of one node", "≤ 1.5", column(postgres, ""), c)
	return nil
}
