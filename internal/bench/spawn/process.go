// Package spawn starts a server for a bench, waits until the server says where it is, and stops it. It knows nothing of what is measured.
package spawn

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

// Process is a server that runs.
type Process struct {
	cmd     *exec.Cmd
	address string
	took    time.Duration
	log     Tail
	done    chan struct{}
}

const (
	startPatience = 60 * time.Second // a database may have to be migrated
	stopPatience  = 30 * time.Second
)

// Start runs a server and waits until it says where it is. Its environment is what is given and nothing else, so that what a shell happens to have
// set is not measured.
func Start(ctx context.Context, environ []string, binary string, args ...string) (*Process, error) {
	p := &Process{done: make(chan struct{})}
	out := &announcement{found: make(chan string, 1)}
	// Not with ctx, which would kill it: it is always asked to stop.
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, args...) //nolint:gosec // a server that the caller wants
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append([]string{}, environ...), out, &p.log
	apart(p.cmd)
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // Stop looks at how it ended
		close(p.done)
	}()
	var err error
	select {
	case p.address = <-out.found:
		p.took = time.Since(begun)
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("the server ended: %s\n%s", p.cmd.ProcessState, &p.log)
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startPatience):
		err = fmt.Errorf("the server did not say where it is within %s\n%s", startPatience, &p.log)
	}
	return nil, errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
}

// Address is its host and port.
func (p *Process) Address() string { return p.address }

// ID is the operating system's number of it.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Took is how long it needed until it said where it is.
func (p *Process) Took() time.Duration { return p.took }

// Stop asks the server to stop, and makes it when it does not or when nobody waits any more. It fails when the server did not stop cleanly.
func (p *Process) Stop(ctx context.Context) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended, which shows below
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("the server did not stop in time and was killed\n%s", &p.log)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server did not stop cleanly: %s\n%s", p.cmd.ProcessState, &p.log)
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

// Tail keeps the end of a server's log for when something goes wrong.
type Tail struct {
	mu  sync.Mutex
	end []byte
}

const tailBytes = 4 << 10

// Write adds to the log.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if len(t.end) > 2*tailBytes {
		t.end = bytes.Clone(t.end[len(t.end)-tailBytes:])
	}
	return len(b), nil
}

func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
