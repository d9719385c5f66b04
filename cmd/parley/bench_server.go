package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"parley/internal/bench"
	"parley/internal/config"
	"parley/internal/store"
)

// ownServer is a server that the bench started, on data that goes away with it.
type ownServer struct {
	dir     string
	nodes   []*ownNode
	closers []func(context.Context) error // the last first
}

// startOwn starts this very program as a server. Its settings are those here and nothing else, so that what a shell happens to have set is not
// measured.
func (b *benchCmd) startOwn(ctx context.Context, e env) (_ *ownServer, err error) {
	s := &ownServer{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func(context.Context) error { return os.RemoveAll(s.dir) })
	database := b.Database
	if database != "sqlite" {
		if database, err = s.scratch(ctx, database); err != nil {
			return nil, err
		}
	}
	settings := slices.Concat(inherited(e.environ), config.WithoutLimits(), []string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_DATABASE_URL=" + database, "PARLEY_NODES=" + fmt.Sprint(b.Nodes),
		"PARLEY_AUTH_ARGON2_MEMORY_KIB=64", // passwords are not what is measured
	})
	if b.Nodes > 1 { // which must accept each other's tokens
		seed := make([]byte, 32)
		_, _ = rand.Read(seed) // never fails
		settings = append(settings, "PARLEY_PUBLIC_URL=http://bench.invalid", "PARLEY_AUTH_SIGNING_KEYS=bench:"+base64.RawURLEncoding.EncodeToString(seed))
	}
	if b.Redis != "" {
		settings = append(settings, "PARLEY_REDIS_URL="+b.Redis, "PARLEY_REDIS_PREFIX=bench"+strings.ToLower(rand.Text()[:8]))
	}
	for i := range b.Nodes {
		own := append(slices.Clone(settings), "PARLEY_DATA_DIR="+filepath.Join(s.dir, fmt.Sprintf("node-%d", i)))
		node, err := startNode(ctx, append(own, b.Set...))
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, node)
		s.closers = append(s.closers, node.stop)
	}
	return s, nil
}

// inherited is what is none of our settings: where programs and temporary files are, and what the database's driver reads.
func inherited(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, "PARLEY_") })
}

// scratch makes a temporary database beside the given one.
func (s *ownServer) scratch(ctx context.Context, beside string) (string, error) {
	there, err := store.Open(ctx, store.Options{URL: beside, Purpose: "bench"})
	if err != nil {
		return "", fmt.Errorf("--database: %w", err)
	}
	s.closers = append(s.closers, func(context.Context) error { return there.Close() })
	x, err := there.Scratch(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("--database: %w", err)
	}
	s.closers = append(s.closers, x.Drop)
	return x.URL(), nil
}

func (s *ownServer) server() bench.Server {
	var to bench.Server
	for _, n := range s.nodes {
		to.URLs = append(to.URLs, "http://"+n.address)
		to.Processes = append(to.Processes, n.cmd.Process.Pid)
	}
	return to
}

// stop ends the nodes and removes their data.
func (s *ownServer) stop(ctx context.Context) (err error) {
	for _, f := range slices.Backward(s.closers) {
		err = errors.Join(err, f(ctx))
	}
	s.closers = nil
	return err
}

// ownNode is a process.
type ownNode struct {
	cmd     *exec.Cmd
	address string // host:port
	log     logEnd
	done    chan struct{}
}

const (
	startPatience = 60 * time.Second // a database has to be migrated
	stopPatience  = 30 * time.Second
)

// startNode waits until the server says where it is.
func startNode(ctx context.Context, settings []string) (*ownNode, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &ownNode{done: make(chan struct{})}
	out := &announcement{found: make(chan string, 1)}
	// Not with ctx, which would kill it: it is always asked to stop.
	n.cmd = exec.CommandContext(context.WithoutCancel(ctx), self, "serve") //nolint:gosec // this program itself
	n.cmd.Env, n.cmd.Stdout, n.cmd.Stderr = settings, out, &n.log
	apart(n.cmd)
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	go func() {
		_ = n.cmd.Wait() // stop looks at how it ended
		close(n.done)
	}()
	select {
	case n.address = <-out.found:
		return n, nil
	case <-n.done:
		return nil, fmt.Errorf("the server ended: %s\n%s", n.cmd.ProcessState, &n.log)
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startPatience):
		err = fmt.Errorf("the server did not say where it is within %s\n%s", startPatience, &n.log)
	}
	return nil, errors.Join(err, n.stop(context.WithoutCancel(ctx)))
}

// stop asks the server to stop, and makes it when it does not or when nobody waits any more.
func (n *ownNode) stop(ctx context.Context) error {
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended, which shows below
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	select {
	case <-n.done:
	case <-ctx.Done():
		_ = n.cmd.Process.Kill()
		<-n.done
		return fmt.Errorf("the server did not stop in time and was killed\n%s", &n.log)
	}
	if code := n.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server did not stop cleanly: %s\n%s", n.cmd.ProcessState, &n.log)
	}
	return nil
}

// announcement looks for the line that says where the server is.
type announcement struct {
	said  []byte
	done  bool
	found chan string
}

var whereIs = regexp.MustCompile(` is at http://([0-9a-zA-Z.:\[\]]+)\s`)

func (a *announcement) Write(b []byte) (int, error) {
	if !a.done {
		a.said = append(a.said, b...)
		if m := whereIs.FindSubmatch(a.said); m != nil {
			a.found <- string(m[1])
			a.done, a.said = true, nil
		}
	}
	return len(b), nil
}

// logEnd keeps the end of a server's log for when something goes wrong.
type logEnd struct {
	mu  sync.Mutex
	end []byte
}

const logEndBytes = 4 << 10

func (l *logEnd) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = append(l.end, b...)
	if len(l.end) > 2*logEndBytes {
		l.end = bytes.Clone(l.end[len(l.end)-logEndBytes:])
	}
	return len(b), nil
}

func (l *logEnd) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.end)
}
