package chaos

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley/internal/config"
	"parley/internal/servertest"
)

// cluster is an installation: nodes, their Postgres and Redis, and the balancer in front.
type cluster struct {
	tb       testing.TB
	dir      string
	binary   string
	environ  []string
	postgres *servertest.Postgres
	redis    *servertest.Redis
	balancer *balancer
	url      string // where people go
	nodes    []*node
}

// build makes the binary that ships, once for all tests, in a folder that TestMain removes.
var build = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(built, "parley")
	out, err := exec.Command("go", "build", fmt.Sprintf("-race=%t", *raceNodes), "-o", binary, "parley/cmd/parley").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

var (
	built     string
	raceNodes = flag.Bool("race-nodes", false, "build the nodes with the race detector")
)

// again runs these tests without the race detector, on nodes that are built with it: it is Parley's races that are looked for.
func again() int {
	cmd := exec.Command("go", "test", "-count=1", "-run="+flag.Lookup("test.run").Value.String(), "-timeout=20m", ".",
		"-args", "-race-nodes", "-for", length.String(), "-seed", fmt.Sprint(*seed))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return 1
	}
	return 0
}

func TestMain(m *testing.M) {
	flag.Parse()
	if underRace {
		os.Exit(again())
	}
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "parley-chaos-"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(built) }()
		return m.Run()
	}())
}

// start brings an installation up, with our balancer in front, or nginx where there is one. It ends with the test; what its nodes said is kept when
// the test fails.
func start(tb testing.TB, nodes int, seed uint64, front *nginx) *cluster {
	tb.Helper()
	servertest.RedisProgram(tb)
	c := &cluster{tb: tb, postgres: servertest.StartPostgres(tb)}
	var err error
	if c.binary, err = build(); err != nil {
		tb.Fatal(err)
	}
	if c.dir, err = os.MkdirTemp("", "parley-chaos-"); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("what the nodes said is in %s", c.dir)
			return
		}
		_ = os.RemoveAll(c.dir)
	})
	// It writes what it is told to a file, so that it can lose it.
	c.redis = servertest.StartRedis(tb, "--appendonly", "yes", "--appendfsync", "always")
	c.balancer = newBalancer(tb, seed)
	c.url = "http://" + c.balancer.addr()
	if front != nil {
		c.url = front.url()
	}

	key := make([]byte, 32)
	_, _ = rand.Read(key)
	c.environ = append(config.WithoutLimits(),
		"PATH="+os.Getenv("PATH"), "PARLEY_NODES="+fmt.Sprint(nodes), "PARLEY_DATABASE_URL="+c.postgres.URL,
		"PARLEY_REDIS_URL="+c.redis.URL, "PARLEY_PUBLIC_URL="+c.url,
		"PARLEY_AUTH_SIGNING_KEYS=chaos:"+base64.RawURLEncoding.EncodeToString(key), "PARLEY_AUTH_ARGON2_MEMORY_KIB=64",
		"PARLEY_AUTH_ACCESS_TTL=2m", // short, so that tokens are renewed in the middle of everything
		"PARLEY_DEV_AUTOMIGRATE=false", "PARLEY_DATA_DIR="+filepath.Join(c.dir, "data"),
		"PARLEY_SOCKET_PING=2s", "PARLEY_SOCKET_PONG_TIMEOUT=1s", "PARLEY_DRAIN_SPREAD=1s", "PARLEY_OPS_ADDR=off",
		"PARLEY_TRUSTED_PROXIES=127.0.0.1",
	)
	c.run("migrate", "up")
	var addrs []string
	for i := range nodes {
		n := &node{cluster: c, addr: fmt.Sprintf("127.0.0.1:%d", servertest.FreePort(tb)), log: filepath.Join(c.dir, fmt.Sprintf("node-%d.log", i))}
		c.nodes = append(c.nodes, n)
		addrs = append(addrs, n.addr)
		tb.Cleanup(n.kill)
		n.start()
	}
	for _, n := range c.nodes {
		n.ready()
	}
	c.balancer.serve(addrs)
	if front != nil {
		front.serve(addrs)
	}
	return c
}

// run runs a command of Parley's to its end.
func (c *cluster) run(args ...string) {
	c.tb.Helper()
	cmd := exec.Command(c.binary, args...)
	cmd.Env = c.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.tb.Errorf("parley %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// doctor returns what parley doctor says of one thing it looks at. The whole of it finds a fault here: the test's Postgres does not wait for the disk.
func (c *cluster) doctor(check string) string {
	c.tb.Helper()
	cmd := exec.Command(c.binary, "doctor")
	cmd.Env = c.environ
	out, _ := cmd.CombinedOutput() // as above
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 1 && words[1] == check {
			return words[0]
		}
	}
	return "nothing:\n" + string(out)
}

// node is one process of Parley.
type node struct {
	cluster *cluster
	addr    string
	log     string
	cmd     *exec.Cmd
	ended   chan struct{}
}

func (n *node) start() {
	tb := n.cluster.tb
	tb.Helper()
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	n.cmd, n.ended = exec.Command(n.cluster.binary, "serve"), make(chan struct{})
	n.cmd.Env = append(n.cluster.environ, "PARLEY_HTTP_ADDR="+n.addr)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // the code is looked at where it matters
		_ = log.Close()
		close(ended)
	}(n.cmd, n.ended)
}

// ready waits until the node is. One that ends meanwhile is started again, as a service manager does: its database may be gone at its start.
func (n *node) ready() {
	n.cluster.tb.Helper()
	servertest.Eventually(n.cluster.tb, func() error {
		select {
		case <-n.ended:
			n.cluster.tb.Logf("%s ended while it started, and is started again", n.addr)
			n.start()
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.addr+"/health/ready", nil)
		if err != nil {
			return err
		}
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s is not ready: %s", n.addr, resp.Status)
		}
		return nil
	})
}

func (n *node) signal(s syscall.Signal) {
	if err := n.cmd.Process.Signal(s); err != nil {
		n.cluster.tb.Errorf("signal %s to %s: %v", s, n.addr, err)
	}
}

// kill ends the node as kill -9 does.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
}

// stop asks the node to stop and fails the test when it does not, or not well.
func (n *node) stop(within time.Duration) {
	n.cluster.tb.Helper()
	n.signal(syscall.SIGTERM)
	select {
	case <-n.ended:
	case <-time.After(within):
		n.cluster.tb.Errorf("%s did not stop within %s", n.addr, within)
		n.kill()
	}
}

// exit is the code that the node ended with.
func (n *node) exit() int { return n.cmd.ProcessState.ExitCode() }

// said returns the lines of all nodes' logs that contain a text.
func (c *cluster) said(text string) []string {
	c.tb.Helper()
	var found []string
	for _, n := range c.nodes {
		data, err := os.ReadFile(n.log)
		if err != nil {
			c.tb.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, text) {
				found = append(found, filepath.Base(n.log)+": "+line)
			}
		}
	}
	return found
}
