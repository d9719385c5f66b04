// Command bench measures Parley on the machine it runs on. It starts the real binary on a fresh database, signs people up, connects each of
// them over a raw WebSocket, and lets a few of them post as fast as they are answered: first over HTTP, then over the socket. Every
// listener checks every message: the numbers without a gap, nothing twice, one order, and the body as it was sent. A run in which anything
// was lost, doubled, out of order or altered ends with exit code 1, whatever its speed.
//
// By itself it measures one busy room: posts acknowledged after they are stored, deliveries to every member, how long both take, and the
// server's processor time, read from /proc (so on Linux only). With Postgres the database's own processor time is not in it.
//
// "bench table" measures everything that docs/performance.md holds against a bar, on SQLite and on a Postgres of its own, whose processor
// time is counted.
//
// With --rate they post at a steady pace, which says what a delivery costs when nothing piles up. With --idle nobody posts: it is measured what
// sockets cost that only listen.
//
// What is not measured: networks (all is loopback), slow readers, reconnects, TLS. The generator and the listeners share the
// processors with the server, so posts per second say less than processor time per post and per delivery, and figures of two machines
// or of two moments on a busy one do not compare. That is what --floor is for: it puts the same load, in the same run, on a server
// that only writes one prepared frame per member and stores nothing, and shows Parley's cost as a multiple of that.
//
// The load and its account are internal/bench; here are the servers it is put on and what is made of the figures.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type output struct{ stdout, stderr io.Writer }

// arguments are what the bench can do.
type arguments struct {
	Binary string   `default:"bin/parley" help:"The server to measure." type:"path"`
	Room   roomCmd  `cmd:"" default:"withargs" help:"One busy room, or idle sockets: what a delivery costs, next to the floor."`
	Table  tableCmd `cmd:"" help:"The whole table of figures in docs/performance.md."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], output{os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run returns the exit code: 0, 1 when the run failed or its ledger is not clean, 2 for wrong arguments.
func run(ctx context.Context, args []string, out output) int {
	// The floor is a process of its own, so that it is measured as Parley is. Nobody but the bench starts it.
	if len(args) == 1 && args[0] == floorArgument {
		return ended(serveFloor(ctx, out), out)
	}
	exit := -1
	var asked arguments
	parser, err := kong.New(&asked, kong.Name("bench"), kong.Description("Measure Parley on this machine."),
		kong.Writers(out.stdout, out.stderr), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(out))
	if err != nil {
		return ended(err, out)
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintln(out.stderr, "bench:", err)
		return 2
	}
	return ended(command.Run(place{asked.Binary}), out)
}

func ended(err error, out output) int {
	if err == nil {
		return 0
	}
	if !errors.Is(err, errUnclean) { // the report has said it
		_, _ = fmt.Fprintln(out.stderr, "bench:", err)
	}
	return 1
}
