package servertest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// How soon servers that look after each other give one up.
const (
	Patient = time.Minute             // for tests in which none dies: a machine that is busy is not one that is gone
	Hasty   = 1500 * time.Millisecond // for tests in which one does
)

// Sentinels are a primary, a replica, and three Sentinels that make the other one the primary when the first is gone.
type Sentinels struct {
	URL       string // of the Sentinels
	Servers   [2]*Redis
	Sentinels [3]*Redis
}

const sentinelSet = "parley"

// StartSentinels starts them with a password of the servers', another one of the Sentinels' own, and a user who may do little. They end with the test.
func StartSentinels(tb testing.TB, giveUp time.Duration) *Sentinels {
	tb.Helper()
	s := &Sentinels{}
	for i := range s.Servers {
		args := []string{
			"--requirepass", "server secret", "--masterauth", "server secret", "--repl-diskless-sync-delay", "0", "--repl-backlog-size", "1mb",
			"--appendonly", "no",
			// Who may do no more than the server has to, and look for keys that a test has left.
			"--user", "parley", "on", ">people secret", "~test-*", "&test-*", "+@all", "-@admin", "-@dangerous", "+info", "+role", "+keys",
		}
		if i > 0 {
			args = append(args, "--replicaof", "127.0.0.1 "+fmt.Sprint(s.Servers[0].port))
		}
		s.Servers[i] = newRedis(tb, args...)
		s.Servers[i].URL = "redis://:server%20secret@" + s.Servers[i].Addr()
		s.Servers[i].Start(tb)
	}
	Eventually(tb, func() error { return s.Servers[1].has([]string{"INFO", "replication"}, "master_link_status:up") })
	for i := range s.Sentinels {
		s.Sentinels[i] = s.sentinel(tb, giveUp)
	}
	for _, sentinel := range s.Sentinels {
		Eventually(tb, func() error {
			return sentinel.has([]string{"SENTINEL", "MASTER", sentinelSet}, "num-other-sentinels:2", "num-slaves:1", "flags:master ")
		})
	}
	s.URL = join(url.URL{Scheme: "redis", User: url.UserPassword("parley", "people secret")}, s.Sentinels[:], url.Values{
		"master_set": {sentinelSet}, "sentinel_password": {"sentinel secret"},
	})
	return s
}

func (s *Sentinels) sentinel(tb testing.TB, giveUp time.Duration) *Redis {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "sentinel.conf")
	r := newRedis(tb, file, "--sentinel")
	r.URL = "redis://:sentinel%20secret@" + r.Addr()
	lines := []string{
		"requirepass \"sentinel secret\"", // of the Sentinels, who sign in to each other with it too
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", sentinelSet, s.Servers[0].port),
		fmt.Sprintf("sentinel auth-pass %s \"server secret\"", sentinelSet),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", sentinelSet, giveUp.Milliseconds()),
		fmt.Sprintf("sentinel failover-timeout %s %d", sentinelSet, 4*giveUp.Milliseconds()),
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	r.Start(tb)
	return r
}

// Replicated waits until the replica has what the primary has.
func (s *Sentinels) Replicated(tb testing.TB) {
	tb.Helper()
	Eventually(tb, func() error { return replicated(s.Servers[0], s.Servers[1]) })
}
