package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/contract"
)

var (
	length = flag.Duration("for", 0, "how long accidents happen; 0 is the short form that make test runs")
	seed   = flag.Uint64("seed", 0, "the seed of the accidents; 0 takes one from the clock, and always the same for the short form")
)

// shortSeed has every accident happen within the short form.
const shortSeed = 1

// size is how much of everything there is in a run.
type size struct {
	nodes, members, rooms, roomsEach int
	every                            time.Duration // between two posts of a member
	length, unit                     time.Duration // of the accidents, see schedule
	nginx                            *nginx        // in front in place of our balancer; nil: not
}

// Everything breaks while people talk: nodes are killed, stopped and frozen, Redis and Postgres crash, lines are cut, held up and go dead. In the
// end every message that was acknowledged is there once, in order, without a gap, and everybody holds what the rooms hold.
func TestChaos(t *testing.T) {
	t.Parallel()
	s := size{nodes: 2, members: 40, rooms: 6, roomsEach: 2, every: 400 * time.Millisecond, length: 16 * time.Second, unit: time.Second}
	if *length > 0 {
		s = size{nodes: 3, members: 240, rooms: 24, roomsEach: 2, every: 3 * time.Second, length: *length, unit: 3 * time.Second}
	}
	r := newRun(t, s)
	r.accidents(schedule(r.seed, s.nodes, s.length, s.unit))
	r.account()
}

// run is a cluster with people in it.
type run struct {
	tb      testing.TB
	size    size
	seed    uint64
	cluster *cluster
	members []*member
	rooms   []contract.ID
	book    *book
	count   *counters
	begun   time.Time

	ctx     context.Context //nolint:containedctx // a run is what ends everything in it
	quiet   chan struct{}   // closed when nobody begins a message any more
	talking sync.WaitGroup
	mu      sync.Mutex
	failed  []error
	done    map[string]int // accidents
}

func newRun(tb testing.TB, s size) *run {
	tb.Helper()
	r := &run{tb: tb, size: s, seed: *seed, book: &book{}, count: &counters{}, quiet: make(chan struct{}), done: map[string]int{}}
	switch {
	case r.seed == 0 && *length == 0:
		r.seed = shortSeed
	case r.seed == 0:
		r.seed = uint64(time.Now().UnixNano() % 1_000_000)
	}
	tb.Logf("seed %d: go test ./internal/chaos -run '%s' -args -for %s -seed %d", r.seed, tb.Name(), *length, r.seed)
	r.cluster = start(tb, s.nodes, r.seed, s.nginx)
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	tb.Cleanup(func() {
		cancel()
		for _, m := range r.members {
			if m.socket != nil {
				m.socket.Close()
			}
			m.http.CloseIdleConnections()
		}
	})
	r.people()
	r.begun = time.Now()
	for _, m := range r.members {
		r.talking.Go(func() {
			if err := m.chatter(ctx, r.quiet, s.every); err != nil {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.failed = append(r.failed, err)
			}
		})
	}
	return r
}

// people makes accounts and rooms, and has everybody listen.
func (r *run) people() {
	r.tb.Helper()
	for i := range r.size.members {
		m := newMember(fmt.Sprintf("member%03d", i), r.cluster.url, rand.New(rand.NewPCG(r.seed, 100+uint64(i))), r.book, r.count)
		if err := m.signUp(r.ctx); err != nil {
			r.tb.Fatal(err)
		}
		r.members = append(r.members, m)
		if i < r.size.rooms {
			var room contract.Room
			if err := m.call(r.ctx, "POST", "/api/v1/rooms", map[string]string{"name": fmt.Sprint("Room ", i), "kind": "public"}, &room); err != nil {
				r.tb.Fatal(err)
			}
			r.rooms = append(r.rooms, room.ID)
		}
	}
	for i, m := range r.members {
		for j := range r.size.roomsEach {
			room := r.rooms[(i+j)%len(r.rooms)]
			m.rooms = append(m.rooms, room)
			if err := m.call(r.ctx, "POST", fmt.Sprintf("/api/v1/rooms/%d/join", room), nil, nil); err != nil {
				r.tb.Fatal(err)
			}
		}
		m.http.Timeout = attemptTime // from now on it comes back
		if err := m.listen(r.ctx); err != nil {
			r.tb.Fatal(err)
		}
	}
}

// accidents has them happen: those of nodes, of servers and of lines, each one after the other and beside the rest.
func (r *run) accidents(steps []step) {
	r.tb.Helper()
	tracks := map[string][]step{}
	for _, s := range steps {
		r.tb.Log(s)
		r.done[s.Accident]++
		switch {
		case slices.Contains(toNodes, s.Accident):
			tracks["nodes"] = append(tracks["nodes"], s)
		case slices.Contains(toServers, s.Accident):
			tracks["servers"] = append(tracks["servers"], s)
		default:
			tracks["lines"] = append(tracks["lines"], s)
		}
	}
	var all sync.WaitGroup
	for _, track := range tracks {
		all.Go(func() {
			for _, s := range track {
				r.until(s.At)
				r.happen(s)
			}
		})
	}
	all.Wait()
	r.until(r.size.length)
}

func (r *run) until(at time.Duration) { pause(r.ctx, at-time.Since(r.begun)) }

// happen does one accident and repairs it.
func (r *run) happen(s step) {
	c := r.cluster
	n := c.nodes[s.Node]
	switch s.Accident {
	case killNode:
		n.kill()
		pause(r.ctx, s.For)
		n.start()
		n.ready()
	case stopNode:
		n.stop(25 * time.Second)
		pause(r.ctx, s.For)
		n.start()
		n.ready()
	case pauseNode:
		n.signal(freeze)
		pause(r.ctx, s.For)
		n.signal(thaw)
	case restartRedis, emptyRedis:
		c.redis.Kill()
		pause(r.ctx, s.For)
		if s.Accident == emptyRedis {
			c.redis.Empty(r.tb)
		}
		c.redis.Start(r.tb)
	case restartPG:
		c.postgres.Stop(r.tb)
		pause(r.ctx, s.For)
		c.postgres.Start(r.tb)
	case cutLines:
		c.balancer.cut(s.Share)
	case holdLines:
		c.balancer.hold(s.Share)
		pause(r.ctx, s.For)
		c.balancer.mend()
	case vanishLines:
		c.balancer.vanish(s.Share)
	}
}

// settleTime is how long everybody has to finish and to come back when all is well again. It is shorter than the life of a token, whose renewal
// would cover up for a reconnect that did not heal.
const settleTime = 60 * time.Second

// account waits until all is quiet, judges, and prints the ledger.
func (r *run) account() {
	r.tb.Helper()
	for _, n := range r.cluster.nodes {
		n.ready()
	}
	close(r.quiet)
	r.tb.Logf("all is well again after %s", time.Since(r.begun).Round(time.Millisecond))
	talked := make(chan struct{})
	go func() {
		r.talking.Wait()
		close(talked)
	}()
	select {
	case <-talked:
	case <-time.After(settleTime):
		r.tb.Error("posts are still not answered when all has been well for a while")
	}
	r.tb.Logf("everybody has finished after %s", time.Since(r.begun).Round(time.Millisecond))
	e := evidence{book: r.book, replicas: map[string]map[contract.ID]map[contract.Number]contract.Message{}}
	e.absent = r.gather()
	r.tb.Logf("everybody is back after %s", time.Since(r.begun).Round(time.Millisecond))
	e.history = r.history()
	for _, m := range r.members {
		e.replicas[m.name] = m.reader.holds()
	}
	l := judge(e)
	for _, err := range r.failed {
		l.fault(&l.altered, "a post was refused for good: %v", err)
	}
	r.tb.Log("\n" + r.table(l))
	for _, fault := range l.faults[:min(len(l.faults), 50)] {
		r.tb.Error(fault)
	}
	for _, bad := range []string{"panic:", "goroutine ", "DATA RACE"} {
		if lines := r.cluster.said(bad); len(lines) > 0 {
			r.tb.Errorf("a node said %s", lines[0])
		}
	}
	r.surprises()
	for _, check := range []string{"integrity", "invariants"} {
		if found := r.cluster.doctor(check); found != "ok" {
			r.tb.Errorf("parley doctor says of %s: %s", check, found)
		}
	}
}

// surprises looks for answers that mean that the server did not know what had happened to it, and shows what it logged.
func (r *run) surprises() {
	r.tb.Helper()
	for what, n := range r.count.refusals {
		if !strings.HasPrefix(what, "500") {
			continue
		}
		r.tb.Errorf("%d times somebody was answered %s", n, what)
		for _, text := range []string{"request failed", "command failed"} {
			lines := slices.DeleteFunc(r.cluster.said(text), func(line string) bool { return strings.Contains(line, "unavailable") })
			r.tb.Log(strings.Join(lines[:min(len(lines), 10)], ""))
		}
	}
}

// gather waits until everybody holds what the rooms hold, and returns who does not. Nobody says another word: whoever missed the last one has to
// learn of it from the servers, also when the node that stored it was killed before it told anybody.
func (r *run) gather() []string {
	r.tb.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, settleTime)
	defer cancel()
	ends := map[contract.ID]contract.Revision{}
	for i, room := range r.rooms {
		var page contract.ChangePage
		m := r.members[i] // made it
		if err := m.call(ctx, "GET", fmt.Sprintf("/api/v1/rooms/%d/changes?since=0&limit=1", room), nil, &page); err != nil {
			r.tb.Fatalf("room %d cannot be asked for: %v", room, err)
		}
		ends[room] = page.Room.Revision
	}
	var absent []string
	for _, m := range r.members {
		for _, room := range m.rooms {
			for m.reader.behind(room, ends[room]) && ctx.Err() == nil {
				pause(ctx, 20*time.Millisecond)
			}
			if m.reader.behind(room, ends[room]) {
				absent = append(absent, fmt.Sprintf("%s (%s) to room %d", m.name, m.socket.State(), room))
			}
		}
	}
	return absent
}

// history pages every room out, from its first message, as its maker sees it.
func (r *run) history() map[contract.ID][]contract.Message {
	r.tb.Helper()
	all := map[contract.ID][]contract.Message{}
	for i, room := range r.rooms {
		var after contract.Number
		for more := true; more; {
			var page contract.MessagePage
			if err := r.members[i].call(r.ctx, "GET", fmt.Sprintf("/api/v1/rooms/%d/messages?after=%d&limit=200", room, after), nil, &page); err != nil {
				r.tb.Fatal(err)
			}
			all[room] = append(all[room], page.Items...)
			if len(page.Items) > 0 {
				after = page.Items[len(page.Items)-1].Number
			}
			more = page.HasMore && len(page.Items) > 0
		}
	}
	return all
}
