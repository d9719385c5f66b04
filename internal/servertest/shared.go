package servertest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
)

// Main runs the tests of a package and then ends the servers that they shared. It is for TestMain.
func Main(m *testing.M) {
	code := m.Run()
	lasting.close()
	os.Exit(code)
}

// SentinelsURL leads to a primary behind Sentinels that the tests of this package share. The package needs a TestMain that calls Main.
func SentinelsURL(tb testing.TB) string {
	tb.Helper()
	return sharedURL(tb, sentinels)
}

// ClusterURL leads to a cluster that the tests of this package share. The package needs a TestMain that calls Main.
func ClusterURL(tb testing.TB) string {
	tb.Helper()
	return sharedURL(tb, cluster)
}

// EachRedis runs a test on every kind of Redis that Parley can be told to use: a server, a primary behind Sentinels, and a cluster. The package
// needs a TestMain that calls Main.
func EachRedis(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"redis": RedisURL, "sentinels": SentinelsURL, "cluster": ClusterURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

var (
	lasting   = &process{}
	sentinels = lasting.once(func(tb testing.TB) string { tb.Helper(); return StartSentinels(tb, Patient).URL })
	cluster   = lasting.once(func(tb testing.TB) string { tb.Helper(); return StartCluster(tb, Patient).URL })
)

func sharedURL(tb testing.TB, start func() (string, error)) string {
	tb.Helper()
	RedisProgram(tb)
	url, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

// process stands in for a test where something outlives the test that needed it first.
type process struct {
	testing.TB
	mu      sync.Mutex
	cleanup []func()
	fault   error
}

// once starts something when it is first asked for. Failing ends the goroutine, as in a test, so it gets one of its own.
func (p *process) once(start func(testing.TB) string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		var (
			url string
			all sync.WaitGroup
		)
		all.Go(func() { url = start(p) })
		all.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		return url, p.fault
	})
}

func (p *process) close() {
	for i := len(p.cleanup) - 1; i >= 0; i-- {
		p.cleanup[i]()
	}
}

func (*process) Helper() {}

func (p *process) Failed() bool { return p.fault != nil }

func (*process) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (p *process) Fatal(args ...any) {
	p.mu.Lock()
	p.fault = errors.New(fmt.Sprint(args...))
	p.mu.Unlock()
	runtime.Goexit()
}

func (p *process) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }

func (p *process) Cleanup(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanup = append(p.cleanup, f)
}

func (p *process) TempDir() string {
	dir, err := os.MkdirTemp("", "parley-redis-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
