package servertest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cluster is three primaries that share the keys, each with a replica that takes its place when it is gone.
type Cluster struct {
	URL     string    // of all of them
	Servers [6]*Redis // the primaries, and their replicas in the same order
}

const primaries, slots = 3, 16384

// firstSlot is where the keys of a primary begin.
func firstSlot(primary int) int { return primary * slots / primaries }

// StartCluster starts one. It ends with the test.
func StartCluster(tb testing.TB, giveUp time.Duration) *Cluster {
	tb.Helper()
	c := &Cluster{}
	for i := range c.Servers {
		c.Servers[i] = newRedis(tb, "--cluster-enabled", "yes", "--cluster-node-timeout", fmt.Sprint(giveUp.Milliseconds()), "--appendonly", "no",
			"--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0")
		c.Servers[i].launch(tb)
	}
	for i, r := range c.Servers {
		Eventually(tb, func() error { _, err := r.ask("PING"); return err })
		r.must(tb, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i < primaries {
			words := []string{"CLUSTER", "ADDSLOTS"}
			for slot := firstSlot(i); slot < firstSlot(i+1); slot++ {
				words = append(words, strconv.Itoa(slot))
			}
			r.must(tb, words...)
		}
	}
	for _, r := range c.Servers[1:] {
		r.must(tb, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(c.Servers[0].port))
	}
	for i, r := range c.Servers[primaries:] {
		id := c.Servers[i].must(tb, "CLUSTER", "MYID")
		Eventually(tb, func() error { _, err := r.ask("CLUSTER", "REPLICATE", id); return err }) // it may not have heard of it yet
	}
	for i, r := range c.Servers {
		Eventually(tb, func() error { return c.complete(i, r) })
	}
	c.URL = join(url.URL{Scheme: "redis"}, c.Servers[:], url.Values{})
	return c
}

// complete returns an error unless a server knows every other one and what it is.
func (c *Cluster) complete(i int, r *Redis) error {
	if err := r.has([]string{"CLUSTER", "INFO"}, "cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", len(c.Servers))); err != nil {
		return err
	}
	nodes, err := r.ask("CLUSTER", "NODES")
	if err != nil {
		return err
	}
	if n := strings.Count(nodes, "slave "); n != primaries || strings.Contains(nodes, "fail") || strings.Contains(nodes, "handshake") {
		return fmt.Errorf("%s knows %d replicas:\n%s", r.Addr(), n, nodes)
	}
	if i < primaries {
		return r.has([]string{"INFO", "replication"}, "connected_slaves:1", "state=online")
	}
	return r.has([]string{"INFO", "replication"}, "master_link_status:up")
}

// Owner is the primary that a key was given to, and who takes its place.
func (c *Cluster) Owner(tb testing.TB, key string) (owner, heir *Redis) {
	tb.Helper()
	slot, err := strconv.Atoi(c.Servers[primaries-1].must(tb, "CLUSTER", "KEYSLOT", key))
	if err != nil {
		tb.Fatal(err)
	}
	for i := range primaries {
		if slot < firstSlot(i+1) {
			return c.Servers[i], c.Servers[i+primaries]
		}
	}
	tb.Fatalf("%s is in slot %d", key, slot)
	return nil, nil
}

// Replicated waits until the replica of a server has what it has.
func (c *Cluster) Replicated(tb testing.TB, primary *Redis) {
	tb.Helper()
	for i, r := range c.Servers[:primaries] {
		if r == primary {
			Eventually(tb, func() error { return replicated(r, c.Servers[i+primaries]) })
		}
	}
}

// replicated returns an error while a replica has not received everything.
func replicated(primary, replica *Redis) error {
	var at [2]string
	for i, q := range []struct {
		server *Redis
		field  string
	}{{primary, "master_repl_offset:"}, {replica, "slave_repl_offset:"}} {
		info, err := q.server.ask("INFO", "replication")
		if err != nil {
			return err
		}
		for line := range strings.Lines(info) {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), q.field); found {
				at[i] = value
			}
		}
	}
	if at[0] == "" || at[0] != at[1] {
		return fmt.Errorf("replicated up to %s of %s", at[1], at[0])
	}
	return nil
}
