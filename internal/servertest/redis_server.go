package servertest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"parley/internal/redis"
)

// Redis is a server of a test's own, for what one does not do to a server that others use.
type Redis struct {
	URL string // with what signs in, if it was asked for

	program, dir string
	port         int
	args         []string
	run          *exec.Cmd
	log          bytes.Buffer
}

// RedisProgram is where the server's program is. Without it the test is skipped, loudly, and where CI=true it fails.
func RedisProgram(tb testing.TB) string {
	tb.Helper()
	found := program("redis-server", "valkey-server")
	if found == "" {
		Lacks(tb, "redis-server is not on this machine", "NOT TESTED WITH A REDIS THAT STOPS, SENTINELS OR A CLUSTER (make test installs it)")
	}
	return found
}

// StartRedis starts a server with more arguments, which ends with the test.
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	r := newRedis(tb, args...)
	r.Start(tb)
	return r
}

func newRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	r := &Redis{program: RedisProgram(tb), dir: tb.TempDir(), port: FreePort(tb), args: args}
	r.URL = "redis://" + r.Addr()
	tb.Cleanup(func() {
		r.Kill()
		if tb.Failed() {
			tb.Logf("%s said:\n%s", r.Addr(), &r.log)
		}
	})
	return r
}

// Addr is the host and port of the server.
func (r *Redis) Addr() string { return "127.0.0.1:" + strconv.Itoa(r.port) }

// Start starts the server, again too, and returns when it answers.
func (r *Redis) Start(tb testing.TB) {
	tb.Helper()
	r.launch(tb)
	Eventually(tb, func() error { _, err := r.ask("PING"); return err })
}

// launch does not wait. A first argument that is a file is Redis' own kind of configuration, and has to come first.
func (r *Redis) launch(tb testing.TB) {
	tb.Helper()
	var args []string
	rest := r.args
	if len(rest) > 0 && filepath.IsAbs(rest[0]) {
		args, rest = rest[:1:1], rest[1:]
	}
	args = append(args, "--bind", "127.0.0.1", "--port", strconv.Itoa(r.port), "--save", "", "--dir", r.dir)
	r.run = exec.CommandContext(context.Background(), r.program, append(args, rest...)...)
	r.run.Stdout, r.run.Stderr = &r.log, &r.log
	if err := r.run.Start(); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server as kill -9 does.
func (r *Redis) Kill() {
	if r.run == nil {
		return
	}
	_ = r.run.Process.Kill() // it may have ended
	_ = r.run.Wait()         // ends with an error after kill -9
	r.run = nil
}

// Pause stops the server without ending it: it answers nothing, and closes nothing.
func (r *Redis) Pause() { pause(r.run.Process) }

// Resume lets a paused server go on.
func (r *Redis) Resume() { resume(r.run.Process) }

// Empty removes what a server that does not run would start with.
func (r *Redis) Empty(tb testing.TB) {
	tb.Helper()
	if err := os.RemoveAll(r.dir); err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		tb.Fatal(err)
	}
}

// ask sends a command to this very server, whatever it is part of.
func (r *Redis) ask(words ...string) (string, error) {
	o, err := redis.Options(r.URL, 5*time.Second)
	if err != nil {
		return "", err
	}
	o.ForceSingleClient, o.AlwaysPipelining = true, false
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client, err := rueidis.NewClient(o)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.Addr(), err)
	}
	defer client.Close()
	return said(ctx, client, words...)
}

// must is ask for what cannot fail.
func (r *Redis) must(tb testing.TB, words ...string) string {
	tb.Helper()
	answer, err := r.ask(words...)
	if err != nil {
		tb.Fatal(err)
	}
	return answer
}

// has returns an error unless what a server says of itself has all of some lines.
func (r *Redis) has(command []string, lines ...string) error {
	answer, err := r.ask(command...)
	if err != nil {
		return err
	}
	for _, line := range lines {
		if !strings.Contains(answer, line) {
			return fmt.Errorf("%s: %s without %s:\n%s", r.Addr(), strings.Join(command, " "), line, answer)
		}
	}
	return nil
}

// Primary returns an error while the server is somebody's replica.
func (r *Redis) Primary() error { return r.has([]string{"INFO", "replication"}, "role:master") }

// join makes one URL of several servers.
func join(u url.URL, servers []*Redis, query url.Values) string {
	u.Host = servers[0].Addr()
	for _, s := range servers[1:] {
		query.Add("addr", s.Addr())
	}
	u.RawQuery = query.Encode()
	return u.String()
}
