package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// process is a server that the bench started.
type process struct {
	cmd     *exec.Cmd
	address string // host:port
	log     tail
	done    chan struct{}
}

const (
	startPatience = 60 * time.Second // a database may have to be migrated
	stopPatience  = 30 * time.Second
)

// start runs a server and waits until it says where it is. Its environment is settings and nothing else, so that what a shell happens to
// have set is not measured.
func start(ctx context.Context, settings []string, binary string, args ...string) (*process, error) {
	p := &process{done: make(chan struct{})}
	out := &announcement{found: make(chan string, 1)}
	// Not with ctx, which would kill it: it is always asked to stop.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append([]string{}, settings...), out, &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server (make build builds it): %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // stop looks at how it ended
		close(p.done)
	}()
	var err error
	select {
	case p.address = <-out.found:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("the server ended: %s\n%s", p.cmd.ProcessState, &p.log)
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startPatience):
		err = errors.New("the server did not say where it is")
	}
	return nil, errors.Join(err, p.stop())
}

// stop asks the server to stop and fails when it does not do so cleanly and in time.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended, which shows below
	select {
	case <-p.done:
	case <-time.After(stopPatience):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("the server did not stop within %s of SIGTERM and was killed\n%s", stopPatience, &p.log)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server did not stop cleanly: %s\n%s", p.cmd.ProcessState, &p.log)
	}
	return nil
}

func (p *process) meter() meter { return meter{p.cmd.Process.Pid} }

// announcement looks for the line that says where the server is.
type announcement struct {
	said  []byte
	found chan string
}

var whereIs = regexp.MustCompile(` is at http://([0-9a-zA-Z.:\[\]]+)\s`)

func (a *announcement) Write(b []byte) (int, error) {
	if a.found != nil {
		a.said = append(a.said, b...)
		if m := whereIs.FindSubmatch(a.said); m != nil {
			a.found <- string(m[1])
			a.found, a.said = nil, nil
		}
	}
	return len(b), nil
}

// tail keeps the end of a server's log for when something goes wrong.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if len(t.end) > 2*tailBytes {
		t.end = bytes.Clone(t.end[len(t.end)-tailBytes:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
