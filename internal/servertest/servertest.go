// Package servertest gives tests the servers that Parley works with, and a network in front of them that fails when it is told to: a Postgres of a
// test's own, a Redis that all tests share, Redises of a test's own that stand alone, behind Sentinels or in a cluster. It knows nothing of
// what Parley does with them.
package servertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// ours are the ports that this process has for itself and has not given yet.
var ours struct {
	sync.Mutex
	left  []int
	signs []net.Listener // one at the first port of each block, for as long as the process lives
}

// FreePort is a port that nobody uses and no other test was given, of this process or of another that runs beside it: a server that a test stops
// and starts again must find its port as it left it. Processes share the ports out by blocks, and who listens at the first of one has it.
//
// It is below those that the kernel gives to connections that go out (from 32768 on, or above). Of those, one that a server has just left may be
// taken before the server is back, even by whoever tries to reach it there: a connection to itself. Redis' cluster takes the port 10000 higher too.
func FreePort(tb testing.TB) int {
	tb.Helper()
	const first, ports, block, attempts = 10_000, 10_000, 50, 10_000
	ours.Lock()
	defer ours.Unlock()
	for range attempts {
		if len(ours.left) == 0 {
			begin := first + block*rand.IntN(ports/block)
			sign, err := listen(begin)
			if err != nil {
				continue
			}
			ours.signs = append(ours.signs, sign)
			for port := begin + 1; port < begin+block; port++ {
				ours.left = append(ours.left, port)
			}
		}
		port := ours.left[0]
		ours.left = ours.left[1:]
		if free(port) && free(port+ports) {
			return port
		}
	}
	tb.Fatal("no port is free")
	return 0
}

func listen(port int) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

func free(port int) bool {
	l, err := listen(port)
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// Lacks ends a test that cannot have what it needs: it is skipped, loudly, and where CI=true it fails.
func Lacks(tb testing.TB, what, consequence string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s: %s", what, consequence)
	}
	tb.Skipf("%s: %s", what, consequence)
}

// program finds the first of some programs.
func program(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Eventually asks again and again until the answer is nil, and fails the test when it is not within two minutes. It is for what happens in
// another process that cannot tell us.
func Eventually(tb testing.TB, ask func() error) {
	tb.Helper()
	const patience, pause = 2 * time.Minute, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	t := time.NewTicker(pause)
	defer t.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			tb.Fatalf("not within %s: %v", patience, err)
		}
	}
}
