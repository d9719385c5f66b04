// Command parley is the whole of Parley: the server and the tools of those who run one. Each subcommand has its own file. It reads the
// arguments, handles signals and decides the exit code; everything else is in internal.
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

	"parley/internal/config"
)

// version is set by the build.
var version = "dev"

// cli lists the subcommands.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Serve Parley."`
	Migrate migrateCmd `cmd:"" help:"Change the database's schema, step by step."`
	Backup  backupCmd  `cmd:"" help:"Write the database into a file, while the server serves."`
	Restore restoreCmd `cmd:"" help:"Fill an empty database from a backup."`
	Store   storeCmd   `cmd:"" help:"Move the data to another database."`
	Upgrade upgradeCmd `cmd:"" help:"Prepare an upgrade."`
	Health  healthCmd  `cmd:"" help:"Ask the server on this machine whether it is ready."`
	Admin   adminCmd   `cmd:"" help:"Help people in, or keep them out, from the command line."`
	Mail    mailCmd    `cmd:"" help:"Look after e-mail."`
	Doctor  doctorCmd  `cmd:"" help:"Look for what is wrong, and say what to do."`
	Bench   benchCmd   `cmd:"" help:"Put a load on a server and measure it, to size a machine."`
	Config  configCmd  `cmd:"" help:"Check or print the settings."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// env is what a subcommand gets from the outside.
type env struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Whoever asks a second time does not want to wait: from now on a signal does what it does to any process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], env{environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

// run parses the arguments, runs the subcommand and returns the exit code: 0, 1 for a failure, 2 for wrong arguments, 78 for wrong settings.
func run(ctx context.Context, args []string, e env) int {
	exit := -1
	parser, err := kong.New(&cli{}, kong.Name("parley"),
		kong.Description("A self-hosted home for a community's or a team's conversation. Settings come from PARLEY_* variables."),
		kong.Writers(e.stdout, e.stderr), kong.Exit(func(code int) { exit = code }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(e))
	if err != nil {
		_, _ = fmt.Fprintln(e.stderr, err)
		return 1
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintln(e.stderr, "parley:", err)
		return 2
	}
	err = k.Run()
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(e.stderr, "parley:", err)
	var faults *config.Faults
	if errors.As(err, &faults) {
		return config.ExitCode
	}
	return 1
}
