package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// serves returns where a server that serves is.
func (p *process) serves(t *testing.T) string {
	t.Helper()
	p.serving(t)
	found := regexp.MustCompile(`msg=serving .*?addr=(\S+)`).FindStringSubmatch(p.said())
	if found == nil {
		t.Fatalf("parley does not say where it serves:\n%s", p.said())
	}
	return "http://" + found[1]
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestServe_stops(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"on_SIGTERM": syscall.SIGTERM, "on_SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings(t.TempDir()), "serve")
			p.serves(t)
			p.signal(t, signal)
			p.exits(t, 0, `msg="stopping; a second signal ends it at once" grace=20s`, "msg=draining", "msg=drained")
		})
	}
}

// A server that is about to stop says first that it is not ready, and goes on serving until a load balancer has had the time to notice. Whoever
// does not want to wait for that, or for anything, signals again.
func TestServe_pauses_before_it_stops_accepting(t *testing.T) {
	t.Parallel()
	p := start(t, settings(t.TempDir(), "PARLEY_DRAIN_PAUSE=9m", "PARLEY_HTTP_SHUTDOWN_GRACE=10m"), "serve")
	url := p.serves(t)
	if code, body := get(t, url+"/health/ready"); code != http.StatusOK {
		t.Errorf("before the signal: %d %s", code, body)
	}
	addr := "PARLEY_HTTP_ADDR=" + strings.TrimPrefix(url, "http://")
	start(t, settings(t.TempDir(), addr), "health").exits(t, 0, `"status":"ok"`)
	p.signal(t, syscall.SIGTERM)
	p.says(t, "msg=draining .*pause=9m0s")
	if code, body := get(t, url+"/health/ready"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"draining"`) {
		t.Errorf("after the signal: %d %s", code, body)
	}
	if code, body := get(t, url+"/health/live"); code != http.StatusOK {
		t.Errorf("a process that drains is alive: %d %s", code, body)
	}
	start(t, settings(t.TempDir(), addr), "health").exits(t, 1, "draining", "not ready: 503")
	p.signal(t, syscall.SIGTERM)
	<-p.done
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("the second signal ended it with %s", p.cmd.ProcessState)
	}
	// Nobody listens there, as at the port of a server that has ended, which another test's may have been given since.
	start(t, settings(t.TempDir(), "PARLEY_HTTP_ADDR=127.0.0.1:1"), "health").exits(t, 1, "ask the server", "connection refused")
}

// Somebody who never finishes a request does not keep a server from stopping: when the grace is over they are cut off, and the exit code says so.
func TestServe_cuts_off_what_does_not_end(t *testing.T) {
	t.Parallel()
	p := start(t, settings(t.TempDir(), "PARLEY_HTTP_SHUTDOWN_GRACE=500ms", "PARLEY_HTTP_READ_TIMEOUT=10m"), "serve")
	c, err := net.Dial("tcp", strings.TrimPrefix(p.serves(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = io.WriteString(c, "POST /api/v1/auth/login HTTP/1.1\r\nHost: parley\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"+
		"Expect: 100-continue\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 100" { // the server waits for the body now
		t.Fatalf("answered %q, %v", answer, err)
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, 1, "requests_cut=true", "requests were cut off after PARLEY_HTTP_SHUTDOWN_GRACE")
}
