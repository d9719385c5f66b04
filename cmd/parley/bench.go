package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"parley/internal/bench"
)

// benchCmd measures a server. What it takes to measure well, and what the figures mean: docs/operations.md.
type benchCmd struct {
	URL            []string `help:"The server to measure, with --admin-token-file; repeat it for each node. Without it a server of its own is started and thrown away." placeholder:"URL" sep:"none"`
	AdminTokenFile string   `help:"A file with the access token of an admin of that server, by which people are made and removed again." placeholder:"FILE"`
	Database       string   `default:"sqlite" help:"Of a server of its own: sqlite, or postgres://… beside which a temporary database is made." placeholder:"URL"`
	Redis          string   `help:"Of a server of its own: redis://… in place of memory." placeholder:"URL"`
	Nodes          int      `default:"1" help:"How many nodes a server of its own has; more than one needs --database=postgres://… and --redis."`
	Set            []string `help:"A setting for a server of its own; otherwise it has no limits and the usual settings." placeholder:"PARLEY_NAME=VALUE" sep:"none"`

	Connections int           `default:"100" help:"People, each with a socket."`
	Rooms       int           `default:"2" help:"Rooms."`
	Members     int           `default:"50" help:"Members of each room, all of whom listen. People in no room only hold their socket."`
	Senders     int           `default:"4" help:"How many post, spread over the rooms."`
	Rate        float64       `default:"20" help:"Posts a second of all senders together; 0 lets each post as soon as it is answered." placeholder:"POSTS/S"`
	Duration    time.Duration `default:"10s" help:"How long is measured."`
	Warmup      time.Duration `default:"1s" help:"The same load before, which is checked and not measured."`
	Drain       time.Duration `default:"15s" help:"How long a post, and at the end the last delivery, may take."`
	BodyBytes   int           `default:"200" help:"Length of a message."`
	Via         string        `default:"socket" enum:"http,socket,both" help:"How messages are posted: http, socket or both."`
	CutAfter    time.Duration `help:"Cut everybody's socket so long after the start, and measure how they come back."`
	JSON        bool          `name:"json" help:"Print JSON."`
}

var errUnclean = errors.New("the ledger is not clean")

// Validate refuses what does not go together.
func (b *benchCmd) Validate() error {
	switch own := len(b.URL) == 0; {
	case !own && b.AdminTokenFile == "":
		return errors.New("--url needs --admin-token-file: people are made by an invite, and removed afterwards")
	case own && b.AdminTokenFile != "":
		return errors.New("--admin-token-file is for --url")
	case !own && (b.Database != "sqlite" || b.Redis != "" || b.Nodes != 1 || len(b.Set) > 0):
		return errors.New("--database, --redis, --nodes and --set are for a server of its own, not for --url")
	}
	if err := b.validateOwn(); err != nil {
		return err
	}
	return b.plan().Check()
}

func (b *benchCmd) validateOwn() error {
	switch {
	case b.Database != "sqlite" && !strings.HasPrefix(b.Database, "postgres://") && !strings.HasPrefix(b.Database, "postgresql://"):
		return errors.New("--database is sqlite or postgres://…")
	case b.Nodes < 1 || b.Nodes > 16:
		return errors.New("--nodes is from 1 to 16")
	case b.Nodes > 1 && (b.Redis == "" || b.Database == "sqlite"):
		return errors.New("several nodes need --database=postgres://… and --redis=redis://…")
	}
	return nil
}

func (b *benchCmd) plan() bench.Plan {
	return bench.Plan{
		Connections: b.Connections, Rooms: b.Rooms, Members: b.Members, Senders: b.Senders, Rate: b.Rate, Duration: b.Duration, Warmup: b.Warmup,
		Drain: b.Drain, BodyBytes: b.BodyBytes, Via: b.Via, CutAfter: b.CutAfter,
	}
}

// Run measures and prints the report. An interrupt ends the load, and what there is is printed; a second one ends the cleaning up.
func (b *benchCmd) Run(ctx context.Context, e env) (err error) {
	cleanup, done := untilSecondSignal(ctx)
	defer done()
	server := bench.Server{URLs: b.URL, Admin: b.adminToken}
	about := bench.About{URLs: b.URL}
	if len(b.URL) == 0 {
		own, err := b.startOwn(ctx, e)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, own.stop(cleanup)) }()
		server, about = own.server(), bench.About{Own: true, Nodes: b.Nodes}
		about.Database, _, _ = strings.Cut(b.Database, ":") // the rest may hold a password
	}
	report, err := bench.Run(ctx, b.plan(), server, bench.Options{Progress: progress(e.stderr), Cleanup: cleanup})
	if report == nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted before there was anything to tell")
		}
		return err
	}
	report.Server = about
	show := report.Text
	if b.JSON {
		show = report.JSON
	}
	err = errors.Join(err, show(e.stdout))
	if report.Interrupted {
		err = errors.Join(err, errors.New("interrupted"))
	}
	if !report.Clean() {
		err = errors.Join(err, errUnclean)
	}
	return err
}

// adminToken reads the file each time: somebody may put a fresh token there while the bench runs.
func (b *benchCmd) adminToken() (string, error) {
	raw, err := os.ReadFile(b.AdminTokenFile)
	if err != nil {
		return "", fmt.Errorf("--admin-token-file: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", errors.New("--admin-token-file: there is no access token in it, or more than one")
	}
	return token, nil
}

// untilSecondSignal returns a context that ends with the second signal: the first one has ended ctx.
func untilSecondSignal(ctx context.Context) (context.Context, func()) {
	until, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer cancel()
		secondSignal(until, signals, func() <-chan time.Time { return time.After(oneSignal) })
	}()
	return until, func() {
		signal.Stop(signals)
		cancel()
	}
}

// oneSignal is within what several signals are one: timeout(1) sends one to the process and one to its group.
const oneSignal = time.Second

// secondSignal returns when somebody has asked twice, or when ctx ends.
func secondSignal(ctx context.Context, signals <-chan os.Signal, pause func() <-chan time.Time) {
	var over <-chan time.Time // of the pause after the first
	for asked := false; ; {
		select {
		case <-signals:
			if asked && over == nil {
				return
			}
			if !asked {
				asked, over = true, pause()
			}
		case <-over:
			over = nil
		case <-ctx.Done():
			return
		}
	}
}

// progress shows one line on a terminal, again and again over itself, and nothing elsewhere.
func progress(to io.Writer) func(string) {
	f, ok := to.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(line string) { _, _ = fmt.Fprint(f, "\r\x1b[K"+line) }
}
