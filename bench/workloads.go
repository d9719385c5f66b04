package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"parley/internal/bench"
	"parley/internal/bench/spawn"
	"parley/internal/config"
)

// workload is one row of posts: who talks where, and the bar. Processor time is the server's and the database's.
type workload struct {
	name                          string
	rooms, members, senders, rate int
	cpu                           float64 // seconds: of 1,000 posts, or with a rate of a million deliveries
	other                         float64 // posts a second at least, or with a rate milliseconds at most
}

var workloads = []workload{
	{"10 members, 1 sender", 1, 10, 1, 0, 0.40, 2000},
	{"200 members, 8 senders", 1, 200, 8, 0, 0.85, 1200},
	{"1,000 members, 8 senders", 1, 1000, 8, 0, 3.0, 330},
	{"100 rooms of 20, 16 senders", 100, 20, 16, 0, 0.45, 2000},
	{"50 posts/s to 500 members", 1, 500, 10, 50, 9.5, 10},
}

func (w workload) bar() string {
	if w.rate > 0 {
		return fmt.Sprintf("≤ %.1f s a million deliveries · ≤ %.0f ms", w.cpu, w.other)
	}
	return fmt.Sprintf("≤ %.2f s · ≥ %s/s", w.cpu, thousands(w.other))
}

func (w workload) cell(r *bench.Report, faults []string) cell {
	cost := r.Cost.PerPost + r.Cost.HelpersPerPost
	c := cell{Faults: faults, Values: map[string]float64{
		"posts_per_second": r.PostsRate, "server_cpu_us_per_post": r.Cost.PerPost, "database_cpu_us_per_post": r.Cost.HelpersPerPost,
		"server_cpu_us_per_delivery": r.Cost.PerDelivery, "acknowledged_p99_ms": r.Latency.Ack.P99, "received_p99_ms": r.Latency.Receipt.P99,
		"messages_per_publication": r.Together,
	}}
	if w.rate > 0 {
		million := cost / float64(w.members) // microseconds of one are seconds of a million
		c.say(fmt.Sprintf("%.1f s", million), million > w.cpu)
		c.say(fmt.Sprintf("%.1f ms", r.Latency.Receipt.P99), r.Latency.Receipt.P99 > w.other)
		return c
	}
	c.say(fmt.Sprintf("%.2f s", cost/1000), cost/1000 > w.cpu)
	c.say(thousands(r.PostsRate)+"/s", r.PostsRate < w.other)
	return c
}

// column is where a figure of an engine and a way of posting stands.
func column(engine, way string) string {
	return map[string]string{sqlite: "SQLite", postgres: "Postgres"}[engine] + map[bool]string{true: ", " + way}[way != ""]
}

func (s *survey) posts(ctx context.Context) error {
	for _, w := range workloads {
		plan := bench.Plan{
			Connections: w.rooms * w.members, Rooms: w.rooms, Members: w.members, Senders: w.senders, Rate: float64(w.rate),
			Warmup: 500 * time.Millisecond, Duration: s.cmd.Each,
		}
		for _, engine := range s.cmd.Engines {
			err := s.on(ctx, engine, func(to bench.Server) error {
				for _, way := range ways {
					plan.Via = way.via
					r, faults, err := s.load(ctx, plan, to)
					if err != nil {
						return err
					}
					s.add(w.name, w.bar(), column(engine, way.name), w.cell(r, faults))
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("%s, %s: %w", w.name, engine, err)
			}
		}
	}
	return nil
}

// idle opens sockets that say who they are and listen to a room of 100, each of another person.
func (s *survey) idle(ctx context.Context) error {
	const sockets, kib, cpu = 5000, 16.0, 0.3
	plan := bench.Plan{Connections: sockets, Rooms: sockets / 100, Members: 100, Duration: 10 * time.Millisecond}
	for _, engine := range s.cmd.Engines {
		err := s.on(ctx, engine, func(to bench.Server) error {
			r, faults, err := s.load(ctx, plan, to)
			if err != nil {
				return err
			}
			each, connect := r.Cost.PerConnection, r.Cost.PerConnect/1000
			memory, opening := cell{Values: map[string]float64{"kib": each}, Faults: faults}, cell{Values: map[string]float64{"server_cpu_ms": connect}}
			memory.say(fmt.Sprintf("%.1f KiB", each), each > kib)
			opening.say(fmt.Sprintf("%.2f ms", connect), connect > cpu)
			s.add("memory of an idle connection, of 5,000", fmt.Sprintf("≤ %.0f KiB", kib), column(engine, ""), memory)
			s.add("processor time to connect one", fmt.Sprintf("≤ %.1f ms", cpu), column(engine, ""), opening)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// history reads the newest page of a room of 100,000.
func (s *survey) history(ctx context.Context) error {
	const messages, rate, cpu = 100_000, 3000.0, 0.35
	plan := bench.Plan{
		Connections: 32, Rooms: 1, Members: 32, Senders: 32, Posts: messages, Duration: 2 * time.Minute, ReadFor: s.cmd.Each,
	}
	for _, engine := range s.cmd.Engines {
		err := s.on(ctx, engine, func(to bench.Server) error {
			r, faults, err := s.load(ctx, plan, to)
			if err != nil {
				return err
			}
			each := (r.Reads.Server + r.Reads.Helpers) / 1000
			c := cell{Faults: faults, Values: map[string]float64{
				"reads_per_second": r.Reads.Rate, "server_cpu_us_per_read": r.Reads.Server, "database_cpu_us_per_read": r.Reads.Helpers,
				"p99_ms": r.Reads.Latency.P99, "messages": float64(r.Posts),
			}}
			c.say(thousands(r.Reads.Rate)+"/s", r.Reads.Rate < rate)
			c.say(fmt.Sprintf("%.2f ms", each), each > cpu)
			s.add("newest 50 of a room of 100,000, over HTTP", fmt.Sprintf("≥ %s/s · ≤ %.2f ms", thousands(rate), cpu), column(engine, ""), c)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// start measures a server without people: how soon it answers, and what it holds.
func (s *survey) start(ctx context.Context) error {
	for _, engine := range s.cmd.Engines {
		first, later, rss, err := s.starts(ctx, engine)
		if err != nil {
			return err
		}
		cold, memory := cell{Values: map[string]float64{"seconds": later.Seconds(), "first_seconds": first.Seconds()}}, cell{Values: map[string]float64{"mb": float64(rss) / 1e6}}
		cold.say(fmt.Sprintf("%.2f s", later.Seconds()), later > 200*time.Millisecond)
		cold.say(fmt.Sprintf("%.2f s on an empty database", first.Seconds()), false)
		memory.say(fmt.Sprintf("%.0f MB", float64(rss)/1e6), rss > 60e6)
		s.add("cold start, until it answers", "≤ 0.2 s", column(engine, ""), cold)
		s.add("memory without people", "≤ 60 MB", column(engine, ""), memory)
	}
	info, err := os.Stat(s.at.binary)
	if err != nil {
		return err
	}
	size := float64(info.Size()) / 1e6
	binary := cell{Values: map[string]float64{"mb": size}}
	binary.say(fmt.Sprintf("%.0f MB", size), size > 60)
	s.add("the binary", "≤ 60 MB", column(s.cmd.Engines[0], ""), binary)
	return nil
}

// starts starts a server four times on one database. The first time makes its tables; of the others the best counts.
func (s *survey) starts(ctx context.Context, engine string) (first, later time.Duration, rss int64, err error) {
	w := want{database: engine}
	if engine == postgres {
		if err := s.inPostgres(ctx, &w); err != nil {
			return 0, 0, 0, err
		}
	}
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	environ := append(config.WithoutLimits(),
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_DATABASE_URL="+w.database, "PARLEY_DATA_DIR="+filepath.Join(dir, "data"))
	for i := range 4 {
		p, err := spawn.Start(ctx, environ, s.at.binary, "serve")
		if err != nil {
			return 0, 0, 0, err
		}
		took, err := answers(ctx, p)
		if i == 3 {
			time.Sleep(3 * time.Second) // what it does after it has started
			rss = bench.ResidentBytes(p.ID())
		}
		if err := errors.Join(err, p.Stop(context.WithoutCancel(ctx))); err != nil {
			return 0, 0, 0, err
		}
		switch i {
		case 0:
			first = took
		case 1:
			later = took
		default:
			later = min(later, took)
		}
	}
	return first, later, rss, nil
}

// answers is how long it took from the beginning of the process to its first answer.
func answers(ctx context.Context, p *spawn.Process) (time.Duration, error) {
	begun := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Address()+"/api/v1/auth/options", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	took := p.Took() + time.Since(begun)
	if resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return took, errors.Join(err, resp.Body.Close())
}
