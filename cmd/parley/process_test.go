package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// asParley makes this test binary behave as parley: a test that wants a real process, to kill it or to see its exit code, starts itself again.
const asParley = "PARLEY_TEST_AS_PARLEY=true"

func TestMain(m *testing.M) {
	if slices.Contains(os.Environ(), asParley) {
		main()
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what should take a moment. Only a failure takes that long.
const patience = 2 * time.Minute

// process is a running parley.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu     sync.Mutex
	out    bytes.Buffer
	change chan struct{} // closed and replaced when out grows
}

// settings are those of a server of its own in a directory, and then those given.
func settings(dir string, more ...string) []string {
	return append([]string{
		"PARLEY_HTTP_ADDR=127.0.0.1:0", "PARLEY_OPS_ADDR=off", "PARLEY_AUTH_ARGON2_MEMORY_KIB=64", "PARLEY_DATA_DIR=" + dir,
	}, more...)
}

// start runs parley with these settings and arguments. It is killed with the test.
func start(t *testing.T, settings []string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe, args...), done: make(chan struct{}), change: make(chan struct{})}
	p.cmd.Env = append([]string{asParley, "PATH=" + os.Getenv("PATH")}, settings...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is what tests look at
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("parley %s said:\n%s", strings.Join(args, " "), p.said())
		}
	})
	return p
}

// Write takes what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.change)
	p.change = make(chan struct{})
	return p.out.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// says waits until the process says what the expression describes.
func (p *process) says(t *testing.T, expression string) {
	t.Helper()
	e := regexp.MustCompile(expression)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		p.mu.Lock()
		found, change := e.MatchString(p.out.String()), p.change
		p.mu.Unlock()
		if found {
			return
		}
		select {
		case <-change:
		case <-p.done:
			if e.MatchString(p.said()) {
				return
			}
			t.Fatalf("parley ended (%s) before it said %q:\n%s", p.cmd.ProcessState, expression, p.said())
		case <-ctx.Done():
			t.Fatalf("parley did not say %q:\n%s", expression, p.said())
		}
	}
}

// exits waits for the end of the process and fails the test when its code is another, or when it did not say all of these texts.
func (p *process) exits(t *testing.T, code int, texts ...string) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("parley did not end:\n%s", p.said())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("parley ended with %d, want %d:\n%s", got, code, p.said())
	}
	for _, text := range texts {
		if !strings.Contains(p.said(), text) {
			t.Errorf("parley did not say %q:\n%s", text, p.said())
		}
	}
}

// kill ends the process as kill -9 does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.done
}

// interrupt asks the process to stop, as a service manager does.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// serving waits until a server serves.
func (p *process) serving(t *testing.T) {
	t.Helper()
	p.says(t, "msg=serving ")
}
