package servertest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Postgres is a Postgres of a test's own, for what one does not do to a server that others use: stopping it, and guessing its password.
type Postgres struct {
	URL string // of its database, with its password

	programs, dir string
	port          int
	as            *syscall.SysProcAttr
	run           *exec.Cmd
	log           bytes.Buffer
}

// StartPostgres starts a server. It ends with the test. Without Postgres' programs the test is skipped, loudly, and where CI=true it fails.
func StartPostgres(tb testing.TB) *Postgres {
	tb.Helper()
	programs := postgresPrograms()
	if programs == "" {
		Lacks(tb, "initdb is not on this machine", "NOT TESTED WITH A POSTGRES THAT STOPS (make test installs it)")
	}
	// Not the test's own folder: Postgres runs as another user, who cannot look into it.
	dir, err := os.MkdirTemp("", "parley-postgres-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Postgres{programs: programs, dir: dir, port: FreePort(tb), as: postgresUser(tb, dir)}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("not a secret\n"), 0o644); err != nil {
		tb.Fatal(err)
	}
	initdb := s.command("initdb", "--pgdata="+filepath.Join(dir, "data"), "--username=parley", "--auth=scram-sha-256", "--pwfile="+password,
		"--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.URL = fmt.Sprintf("postgres://parley:not%%20a%%20secret@127.0.0.1:%d/postgres?sslmode=disable", s.port)
	s.Start(tb)
	tb.Cleanup(func() { s.Stop(tb) })
	return s
}

// Start starts the server again and returns when it answers.
func (s *Postgres) Start(tb testing.TB) {
	tb.Helper()
	// Nothing here has to survive a loss of power, so Postgres does not wait for the disk. It does wait for the kernel, which survives us.
	s.run = s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", "", "-c", "fsync=off")
	s.run.Stdout, s.run.Stderr = &s.log, &s.log
	if err := s.run.Start(); err != nil {
		tb.Fatal(err)
	}
	Eventually(tb, func() error {
		out, err := s.command("pg_isready", "--host=127.0.0.1", "--port="+strconv.Itoa(s.port)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// Stop ends the server at once, without a word to who is connected, as a crash does.
func (s *Postgres) Stop(tb testing.TB) {
	tb.Helper()
	if s.run == nil {
		return
	}
	if err := s.run.Process.Signal(syscall.SIGQUIT); err != nil {
		tb.Fatal(err)
	}
	_ = s.run.Wait() // ends with an error after SIGQUIT
	s.run = nil
}

func (s *Postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.programs, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	return cmd
}

// postgresPrograms finds the server's programs as scripts/test does: Debian keeps them out of PATH, and the highest version wins.
func postgresPrograms() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is fine
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return ""
	}
	return filepath.Dir(path)
}

// postgresUser hands the folder to the user postgres when the test runs as root: Postgres refuses to.
func postgresUser(tb testing.TB, dir string) *syscall.SysProcAttr {
	tb.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		tb.Fatal(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		tb.Fatal(err)
	}
	return runAs(uint32(uid), uint32(gid))
}
