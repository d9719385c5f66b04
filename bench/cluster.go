package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/internal/bench/spawn"
)

// helper is a database or Redis that the bench started, with data that goes away with it.
type helper struct {
	address string
	cmd     *exec.Cmd
	dir     string
	tools   string // the folder of its programs
	as      *syscall.SysProcAttr
}

const helperPatience = 30 * time.Second

// startPostgres makes a cluster with the usual settings, so that every commit is synced. Debian keeps its programs out of the way.
func startPostgres(ctx context.Context) (h *helper, err error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	if path, err := exec.LookPath("initdb"); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, errors.New("there is no Postgres here (initdb): install it, or measure with --engines=sqlite")
	}
	h = &helper{tools: filepath.Dir(slices.Max(found))}
	if h.dir, err = os.MkdirTemp("", "parley-bench-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	if err := h.asNobodyMuch(); err != nil {
		return nil, err
	}
	data := filepath.Join(h.dir, "data")
	if err := h.tool(ctx, "initdb", "--no-sync", "--auth=trust", "--username=parley", "--encoding=UTF8", "--locale=C.UTF-8", "-D", data); err != nil {
		return nil, err
	}
	return h, h.start(ctx, filepath.Join(h.tools, "postgres"), func(port string) []string {
		return []string{"-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300"}
	})
}

// asNobodyMuch has the cluster run as the user postgres when it is root who measures: Postgres refuses root.
func (h *helper) asNobodyMuch() error {
	if os.Geteuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(h.dir, int(uid), int(gid))); err != nil {
		return err
	}
	h.as = runAs(uint32(uid), uint32(gid))
	return nil
}

func startRedis(ctx context.Context) (h *helper, err error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("there is no Redis here: %w", err)
	}
	h = &helper{}
	if h.dir, err = os.MkdirTemp("", "parley-bench-redis-"); err != nil {
		return nil, err
	}
	err = h.start(ctx, path, func(port string) []string {
		return []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", h.dir}
	})
	if err != nil {
		return nil, errors.Join(err, h.stop())
	}
	return h, nil
}

// tool runs one of its programs.
func (h *helper) tool(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(h.tools, name), args...)
	cmd.SysProcAttr, cmd.Dir = h.as, h.dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, bytes.TrimSpace(said))
	}
	return nil
}

// start runs the program on a port that is free and waits until it answers there.
func (h *helper) start(ctx context.Context, program string, args func(port string) []string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.address = l.Addr().String()
	_, port, _ := net.SplitHostPort(h.address) // it was just made
	if err := l.Close(); err != nil {
		return err
	}
	h.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, args(port)...) // it is asked to stop
	var log spawn.Tail
	h.cmd.SysProcAttr, h.cmd.Dir, h.cmd.Stdout, h.cmd.Stderr = h.as, h.dir, &log, &log
	if err := h.cmd.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(helperPatience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", h.address)
		if err == nil {
			_ = conn.Close()
			if h.tools != "" {
				err = h.tool(ctx, "pg_isready", "-h", "127.0.0.1", "-p", port)
			}
			if err == nil {
				return nil
			}
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return errors.Join(fmt.Errorf("%s does not answer\n%s", filepath.Base(program), &log), err, ctx.Err())
		}
	}
}

// database makes an empty one and returns where it is.
func (h *helper) database(ctx context.Context, name string) (string, error) {
	_, port, _ := strings.Cut(h.address, ":")
	if err := h.tool(ctx, "createdb", "-h", "127.0.0.1", "-p", port, "-U", "parley", name); err != nil {
		return "", err
	}
	return fmt.Sprintf("postgres://parley@%s/%s?sslmode=disable", h.address, name), nil
}

func (h *helper) pid() int { return h.cmd.Process.Pid }

// stop ends it and removes its data.
func (h *helper) stop() error {
	if h.cmd != nil && h.cmd.Process != nil {
		_ = h.cmd.Process.Signal(syscall.SIGINT) // Postgres ends at once, Redis too
		_ = h.cmd.Wait()                         // its data is of no use any more
	}
	return os.RemoveAll(h.dir)
}
