package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// bound is the longest that anything may take while the database is away: the request's own deadline, and much for a busy machine. What does not
// keep to a deadline takes for ever here: nothing is mended before everybody is answered.
const bound = time.Minute

// outage is a room in which people post while the database fails, and the ledger of what they were told.
type outage struct {
	server *parleytest.Server
	maya   *parleytest.Person
	room   contract.ID

	mu    sync.Mutex
	acked map[string]contract.Message
	sent  []string
}

func newOutage(t *testing.T, place string) *outage {
	t.Helper()
	s := parleytest.Start(t, parleytest.At(place))
	maya := s.SignUp(t, "maya")
	o := &outage{server: s, maya: maya, room: maya.CreateRoom("Releases", contract.RoomKindPublic).ID, acked: map[string]contract.Message{}}
	for i := range 10 {
		o.post(t, fmt.Sprint("before-", i), true)
	}
	return o
}

// post sends a message. It is answered in time: stored, or 503 with the time to wait.
func (o *outage) post(t *testing.T, key string, mustWork bool) bool {
	t.Helper()
	started := time.Now()
	r := o.maya.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", o.room), map[string]string{"body": key, "client_key": key})
	if took := time.Since(started); took > bound {
		t.Errorf("%s was answered after %s", key, took)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Contains(o.sent, key) {
		o.sent = append(o.sent, key)
	}
	if r.Status != http.StatusCreated && r.Status != http.StatusOK {
		if mustWork {
			t.Errorf("%s: %d\n%s", key, r.Status, r.Body)
		}
		unavailable(t, r)
		return false
	}
	var m contract.Message
	r.Decode(&m)
	if before, known := o.acked[key]; known && before != m {
		t.Errorf("%s was acknowledged as %+v and then as %+v", key, before, m)
	}
	o.acked[key] = m
	return true
}

func unavailable(t *testing.T, r *parleytest.Response) {
	t.Helper()
	r.WantProblem(http.StatusServiceUnavailable, "unavailable")
	if r.Header.Get("Retry-After") == "" {
		t.Errorf("there is no Retry-After:\n%s", r.Body)
	}
}

// during posts and reads from many sides while something happens.
func (o *outage) during(t *testing.T, name string, happen func()) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 40 {
		if i == 10 {
			happen()
		}
		all.Go(func() { o.post(t, fmt.Sprint(name, "-", i), false) })
	}
	for _, path := range []string{fmt.Sprintf("/api/v1/rooms/%d/messages", o.room), "/api/v1/rooms"} {
		all.Go(func() {
			started := time.Now()
			if r := o.maya.Do(http.MethodGet, path, nil); r.Status != http.StatusOK {
				unavailable(t, r)
			}
			if took := time.Since(started); took > bound {
				t.Errorf("%s was answered after %s", path, took)
			}
		})
	}
	all.Wait()
}

// account sends everything again with its own key and compares the history with what was said to the people.
func (o *outage) account(t *testing.T) {
	t.Helper()
	eventuallyReady(t, o.server)
	servertest.Eventually(t, func() error {
		if !o.post(t, "after", false) {
			return fmt.Errorf("posting does not work again")
		}
		return nil
	})
	for _, key := range o.sent {
		o.post(t, key, true)
	}
	history := o.maya.History(o.room, "?limit=200").Items
	if len(history) != len(o.sent) {
		t.Errorf("%d messages were sent, the history has %d", len(o.sent), len(history))
	}
	for i, m := range history {
		if int(m.Number) != i+1 {
			t.Errorf("place %d of the history has number %d", i+1, m.Number)
		}
		if o.acked[m.ClientKey] != m {
			t.Errorf("%s was acknowledged as %+v, the history has %+v", m.ClientKey, o.acked[m.ClientKey], m)
		}
	}
}

// Whatever the network to the database does: everybody is answered in time, nothing that was acknowledged is lost, nothing that is sent again
// is there twice, and the server recovers by itself.
func TestOutage_of_the_network(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail  func(*servertest.Proxy)
		times int // nothing must be used up; what hangs takes its time, and does it once
	}{
		"cut":          {(*servertest.Proxy).Cut, 3},
		"refused":      {(*servertest.Proxy).Refuse, 3},
		"held":         {(*servertest.Proxy).Hold, 1},
		"replies_held": {(*servertest.Proxy).HoldReplies, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, place := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
			o := newOutage(t, place)
			for i := range tt.times {
				o.during(t, fmt.Sprint("time-", i), func() { tt.fail(proxy) })
				proxy.Mend(t)
				o.account(t)
			}
		})
	}
}

// A Postgres that is killed and started again: its connections, and the statements that were prepared on them, are gone.
func TestOutage_of_the_server(t *testing.T) {
	t.Parallel()
	server := servertest.StartPostgres(t)
	o := newOutage(t, server.URL)
	o.during(t, "killed", func() { server.Stop(t) })
	if r := ready(t, o.server); r.code != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %+v", r)
	}
	server.Start(t)
	o.account(t)
}

// Stopping does not wait for a database that hangs.
func TestStop_while_the_database_hangs(t *testing.T) {
	t.Parallel()
	proxy, place := servertest.NewProxy(t, storetest.URL(t, store.Postgres))
	o := newOutage(t, place)
	o.during(t, "warm", func() {}) // every connection of the pool has been used
	proxy.Hold()
	started := time.Now()
	if err := o.server.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > bound {
		t.Errorf("stopping took %s", took)
	}
}
