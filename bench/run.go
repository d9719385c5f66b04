package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/internal/bench"
)

// errUnclean ends a run whose report shows that something was lost, doubled, out of order or altered, or failed.
var errUnclean = errors.New("the ledger is not clean")

const bodyBytes = 200

// roomCmd is one busy room.
type roomCmd struct {
	Database string        `default:"sqlite" help:"sqlite (a fresh file), or postgres://… for a database that keeps what the run leaves in it."`
	Set      []string      `help:"A setting for the server, as PARLEY_…=value." placeholder:"NAME=VALUE" sep:"none"`
	Members  int           `default:"100" help:"People in the room; everybody listens."`
	Senders  int           `default:"8" help:"How many of them post, each waiting for the answer before the next post."`
	Duration time.Duration `default:"5s" help:"How long is measured, each way."`
	Warmup   time.Duration `default:"500ms" help:"Length of the same load before, which is checked but not measured."`
	Posts    int           `default:"200000" help:"At most so many posts, each way."`
	Rate     int           `help:"So many posts a second, evenly from all senders, in place of as many as are answered."`
	Idle     int           `help:"Measure memory instead: open so many sockets that only listen, and put no load on." placeholder:"SOCKETS"`
	Drain    time.Duration `default:"15s" help:"How long a post, and at the end the last delivery, may take before it counts as lost."`
	Floor    bool          `help:"Measure the floor too: a server that only writes one frame per member."`
	JSON     bool          `name:"json" help:"Print JSON."`
}

// Validate bounds a run. A subscription lasts five minutes unless it is renewed, which the listeners do not do; the longest run ends
// before that.
func (b *roomCmd) Validate() error {
	if b.Duration > time.Minute {
		return errors.New("--duration is a minute at most")
	}
	if err := b.plan(bench.ViaHTTP).Check(); err != nil {
		return err
	}
	return b.idlePlan().Check()
}

func (b *roomCmd) plan(via string) bench.Plan {
	return bench.Plan{
		Connections: b.Members, Rooms: 1, Members: b.Members, Senders: b.Senders, Rate: float64(b.Rate), Posts: b.Posts, Warmup: b.Warmup,
		Duration: b.Duration, Drain: b.Drain, BodyBytes: bodyBytes, Via: via,
	}
}

// Run measures Parley, and the floor when that is wanted, and prints the report.
func (b *roomCmd) Run(ctx context.Context, out output, at place) error {
	if b.Idle > 0 {
		return b.runIdle(ctx, out, at)
	}
	rep := report{Members: b.Members, Senders: b.Senders, Seconds: b.Duration.Seconds(), BodyBytes: bodyBytes, Database: "sqlite"}
	if b.Database != "sqlite" {
		rep.Database, _, _ = strings.Cut(b.Database, ":") // the rest may hold a password
	}
	err := at.onParley(ctx, want{database: b.Database, set: b.Set}, func(s bench.Server) (err error) {
		rep.Parley, err = b.drive(ctx, s)
		return err
	})
	if err == nil && b.Floor {
		err = onFloor(ctx, func(s bench.Server) (err error) {
			rep.Floor, err = b.drive(ctx, s)
			return err
		})
	}
	if err != nil {
		return err
	}
	if ctx.Err() != nil { // half a run says nothing
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

// ways are how messages are posted, one after the other.
var ways = [...]struct{ name, via string }{{"HTTP", bench.ViaHTTP}, {"socket", bench.ViaSocket}}

// drive puts the load on a running server, each way with people and a room of its own.
func (b *roomCmd) drive(ctx context.Context, s bench.Server) (all []result, err error) {
	for _, way := range ways {
		r, err := bench.Run(ctx, b.plan(way.via), s, bench.Options{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		all = append(all, resultOf(way.name, r))
	}
	return all, nil
}
