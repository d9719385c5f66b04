package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"parley/internal/config"
)

// errUnclean ends a run whose report shows that something was lost, doubled, out of order or altered, or failed.
var errUnclean = errors.New("the ledger is not clean")

// benchmark is what the arguments ask for.
type benchmark struct {
	Binary   string        `default:"bin/parley" help:"The server to measure." type:"path"`
	Database string        `default:"sqlite" help:"sqlite (a fresh file), or postgres://… for a database that keeps what the run leaves in it."`
	Set      []string      `help:"A setting for the server, as PARLEY_…=value." placeholder:"NAME=VALUE" sep:"none"`
	Members  int           `default:"100" help:"People in the room; everybody listens."`
	Senders  int           `default:"8" help:"How many of them post, each waiting for the answer before the next post."`
	Duration time.Duration `default:"5s" help:"Length of each phase."`
	Warmup   time.Duration `default:"500ms" help:"Length of the same load before each phase, which is checked but not measured."`
	Posts    int           `default:"200000" help:"At most so many posts in each phase."`
	Rate     int           `help:"So many posts a second, evenly from all senders, in place of as many as are answered."`
	Idle     int           `help:"Measure memory instead: open so many sockets that only listen, and put no load on." placeholder:"SOCKETS"`
	Drain    time.Duration `default:"15s" help:"How long a post, and at the end the last delivery, may take before it counts as lost."`
	Floor    bool          `help:"Measure the floor too: a server that only writes one frame per member."`
	JSON     bool          `name:"json" help:"Print JSON."`
}

// Validate bounds a run. A subscription lasts five minutes unless it is renewed, which the listeners do not do; the longest run ends
// before that.
func (b *benchmark) Validate() error {
	for _, bound := range []struct {
		flag          string
		value, lo, hi int
	}{
		{"--members", b.Members, 2, 10_000},
		{"--senders", b.Senders, 1, b.Members},
		{"--posts", b.Posts, b.Senders, 2_000_000},
		{"--rate", b.Rate, 0, 100_000},
		{"--idle", b.Idle, 0, 25_000}, // one address has 28,000 ports
	} {
		if bound.value < bound.lo || bound.value > bound.hi {
			return fmt.Errorf("%s is from %d to %d", bound.flag, bound.lo, bound.hi)
		}
	}
	for _, bound := range []struct {
		flag          string
		value, lo, hi time.Duration
	}{
		{"--duration", b.Duration, 10 * time.Millisecond, time.Minute},
		{"--warmup", b.Warmup, 0, 10 * time.Second},
		{"--drain", b.Drain, time.Second, 30 * time.Second},
	} {
		if bound.value < bound.lo || bound.value > bound.hi {
			return fmt.Errorf("%s is from %s to %s", bound.flag, bound.lo, bound.hi)
		}
	}
	return nil
}

// run measures Parley, and the floor when that is wanted, and prints the report.
func (b *benchmark) run(ctx context.Context, out output) error {
	if b.Idle > 0 {
		return b.runIdle(ctx, out)
	}
	rep := report{Members: b.Members, Senders: b.Senders, Seconds: b.Duration.Seconds(), BodyBytes: bodyBytes, Database: "sqlite"}
	if b.Database != "sqlite" {
		rep.Database, _, _ = strings.Cut(b.Database, ":") // the rest may hold a password
	}
	var err error
	if rep.Parley, err = b.parley(ctx); err != nil {
		return err
	}
	if b.Floor {
		if rep.Floor, err = b.floor(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil { // half a phase says nothing
		return errors.New("interrupted")
	}
	if err := rep.print(out.stdout, b.JSON); err != nil {
		return err
	}
	if !rep.clean() {
		return errUnclean
	}
	return nil
}

func (b *benchmark) parley(ctx context.Context) (all []result, err error) {
	err = b.onParley(ctx, func(p *process) (err error) {
		all, err = b.drive(ctx, p.address, p.meter())
		return err
	})
	return all, err
}

// onParley starts the server on a fresh database for as long as do takes.
func (b *benchmark) onParley(ctx context.Context, do func(*process) error) (err error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return b.on(ctx, do, slices.Concat([]string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_DATA_DIR=" + dir, "PARLEY_DATABASE_URL=" + b.Database,
		"PARLEY_AUTH_ARGON2_MEMORY_KIB=64", // passwords are not what is measured
	}, config.WithoutLimits(), b.Set), b.Binary, "serve")
}

func (b *benchmark) floor(ctx context.Context) (all []result, err error) {
	err = b.onFloor(ctx, func(p *process) (err error) {
		all, err = b.drive(ctx, p.address, p.meter())
		return err
	})
	return all, err
}

// onFloor runs this binary again as the floor.
func (b *benchmark) onFloor(ctx context.Context, do func(*process) error) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return b.on(ctx, do, nil, self, floorArgument)
}

func (b *benchmark) on(ctx context.Context, do func(*process) error, settings []string, binary string, args ...string) (err error) {
	p, err := start(ctx, settings, binary, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	return do(p)
}

// drive fills a room of a running server with people and puts the load on it, over HTTP and over the socket.
func (b *benchmark) drive(ctx context.Context, address string, m meter) ([]result, error) {
	d := desk{address: address}
	home, err := d.settle(ctx, b.Members)
	d.client.CloseIdleConnections()
	if err != nil {
		return nil, fmt.Errorf("fill the room: %w", err)
	}
	c := newCrowd(home, 4*b.Posts)
	defer c.close()
	if err := c.gather(ctx, address); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, c.hangUp)
	defer stop()
	overHTTP, overSocket := make([]poster, b.Senders), make([]poster, b.Senders)
	for i := range b.Senders {
		h, err := newHTTPPoster(ctx, address, home, home.people[i].token)
		if err != nil {
			return nil, fmt.Errorf("connect sender %d: %w", i, err)
		}
		defer h.abort()
		overHTTP[i], overSocket[i] = h, newSocketPoster(c.listeners[i])
	}
	return []result{b.phase(ctx, c, 0, "HTTP", overHTTP, m), b.phase(ctx, c, 1, "socket", overSocket, m)}, nil
}

// phase warms up and measures. What goes wrong while warming up counts as well.
func (b *benchmark) phase(ctx context.Context, c *crowd, index int, name string, posters []poster, m meter) result {
	l := load{name: name, duration: b.Warmup, posts: b.Posts, drain: b.Drain}
	if b.Rate > 0 {
		l.pace = time.Second * time.Duration(b.Senders) / time.Duration(b.Rate)
	}
	warm := c.run(ctx, 2*index, posters, l, m)
	l.duration = b.Duration
	measured := c.run(ctx, 2*index+1, posters, l, m)
	measured.Ledger = measured.Ledger.plus(warm.Ledger)
	measured.Faults = append(warm.Faults, measured.Faults...)
	return measured
}
