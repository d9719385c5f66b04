package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
)

// failover is one Parley of two nodes on a Redis of several servers. Maya talks at the first node and tomas listens at the second.
type failover struct {
	t           *testing.T
	nodes       []*parleytest.Server
	maya, tomas *parleytest.Person
	room        contract.ID
	far         *parleytest.Socket
	said, heard []string // what was acknowledged, and what came over the socket
}

func newFailover(t *testing.T, url string) *failover {
	t.Helper()
	f := &failover{t: t, nodes: parleytest.Nodes(t, 2, nil, parleytest.With("PARLEY_REDIS_URL="+url, "PARLEY_LIMIT_POST=100000/1h"))}
	f.maya, f.tomas = f.nodes[0].SignUp(t, "maya"), f.nodes[1].SignUp(t, "tomas")
	f.room = f.maya.CreateRoom("Releases", contract.RoomKindPublic).ID
	f.tomas.Join(f.room)
	f.far = f.tomas.Connect()
	f.far.Subscribe(f.room)
	for _, node := range f.nodes {
		eventuallyReady(t, node)
	}
	f.deliver()
	return f
}

// say posts a message, which is acknowledged whatever becomes of Redis.
func (f *failover) say() string {
	f.t.Helper()
	body := fmt.Sprint("message ", len(f.said))
	f.maya.Post(f.room, body, fmt.Sprint("key-", len(f.said)))
	f.said = append(f.said, body)
	return body
}

// deliver says something that has to arrive at the other node. Whoever is told there that they may have missed something may have missed this: Redis
// may be silent for longer than a node waits, for another moment, and then it is the next that has to.
func (f *failover) deliver() {
	f.t.Helper()
	last := f.say()
	for !slices.Contains(f.heard, last) {
		switch e := f.far.Next(); e.Type {
		case contract.MessagePostedEventEvent:
			f.heard = append(f.heard, e.MessagePostedEvent.Data.Message.Body)
		case contract.EventsMissedEventEvent:
			last = f.say()
		default: // what else happens in the room
		}
	}
}

// survive talks from when a server is killed until every node is ready again. Each has to say meanwhile that it is not.
func (f *failover) survive(died *servertest.Redis, heir *servertest.Redis) {
	f.t.Helper()
	died.Kill()
	started := time.Now()
	noticed := make([]bool, len(f.nodes))
	servertest.Eventually(f.t, func() (err error) {
		defer f.say() // takes longer meanwhile, and one who asks after it may be too late to notice
		for i, node := range f.nodes {
			r := ready(f.t, node)
			noticed[i] = noticed[i] || r.code == http.StatusServiceUnavailable
			if !noticed[i] || r.code != http.StatusOK {
				err = fmt.Errorf("node %d: noticed: %t, now: %+v", i, noticed[i], r)
			}
		}
		return err
	})
	f.t.Logf("all nodes are ready again after %s", time.Since(started).Round(10*time.Millisecond))
	if err := heir.Primary(); err != nil {
		f.t.Errorf("ready without a primary: %v", err)
	}
	f.deliver()
	for i, p := range []*parleytest.Person{f.maya, f.tomas} {
		p.Renew() // who was signed in still is, at any node
		f.nodes[1-i].As(f.t, p).Renew()
	}
}

// account compares what was said with what the other node's member has, over the socket and by asking for changes.
func (f *failover) account() {
	f.t.Helper()
	var stored []string
	for since, more := int64(0), true; more; {
		page := f.tomas.Changes(f.room, since, "")
		for _, m := range page.Items {
			stored = append(stored, m.Body)
		}
		since, more = page.Revision, page.HasMore
	}
	if !slices.Equal(stored, f.said) {
		f.t.Errorf("acknowledged were %d messages, stored are %d: %q", len(f.said), len(stored), stored)
	}
	slices.Sort(f.heard)
	if once := slices.Compact(slices.Clone(f.heard)); len(once) != len(f.heard) {
		f.t.Errorf("some came twice: %q", f.heard)
	}
	f.t.Logf("%d messages, of which %d came live", len(f.said), len(f.heard))
}

// together looks at what nodes do for each other beside delivery: a session that is ended at one ends at the other, and budgets and connections are counted
// for all.
func (f *failover) together() {
	f.t.Helper()
	again := f.nodes[0].SignIn(f.t, "tomas")
	again.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{"keep_current": true}).Want(http.StatusNoContent)
	f.far.Ended()
	for i, node := range f.nodes {
		for _, what := range []string{"rate limits", "connections per person"} {
			servertest.Eventually(f.t, func() error {
				log := node.Log.String()
				if away, back := strings.Count(log, what+": Redis is away"), strings.Count(log, what+": Redis is back"); away != back {
					return fmt.Errorf("node %d: %s: away %d times, back %d times", i, what, away, back)
				}
				return nil
			})
		}
	}
}

// The primary dies while people talk, and the Sentinels make its replica the next one.
func TestRedis_sentinels_fail_over(t *testing.T) {
	t.Parallel()
	s := servertest.StartSentinels(t, servertest.Hasty)
	f := newFailover(t, s.URL)
	s.Replicated(t)
	f.survive(s.Servers[0], s.Servers[1])
	f.account()
	f.together()
}

// First the server of a cluster dies that nodes talk through, and then the one that has the sessions.
func TestRedis_cluster_fails_over(t *testing.T) {
	t.Parallel()
	c := servertest.StartCluster(t, servertest.Hasty)
	f := newFailover(t, c.URL)
	for _, tag := range []string{"{nodes}", "{sessions}"} {
		owner, heir := c.Owner(t, tag)
		c.Replicated(t, owner)
		f.survive(owner, heir)
	}
	f.account()
	f.together()
}
