package wsapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge-go"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
)

// crowd is a community at the other end of one line.
type crowd struct {
	server *parleytest.Server
	line   *servertest.Proxy
	room   contract.ID
	people []*parleytest.Person
	back   chan int // who listens again
}

func newCrowd(t *testing.T, s *parleytest.Server, room contract.ID, size int) *crowd {
	t.Helper()
	c := &crowd{server: s, line: servertest.ProxyTo(t, s.Addr()), room: room, people: make([]*parleytest.Person, size), back: make(chan int, 4*size)}
	through := *s
	through.Socket = strings.Replace(s.Socket, s.Addr(), c.line.Addr(), 1)
	var all sync.WaitGroup
	places := make(chan struct{}, 16)
	for i := range c.people {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			p := s.SignUp(t, fmt.Sprint("member", i))
			p.Join(room)
			c.people[i] = p
			sub := through.As(t, p).Connect().Subscribe(room)
			sub.OnSubscribed(func(centrifuge.SubscribedEvent) { c.back <- i })
		})
	}
	all.Wait()
	return c
}

// heal asks what somebody has missed until the answer comes, as the web client does.
func (c *crowd) heal(t *testing.T, i int, since int64) contract.ChangePage {
	t.Helper()
	for {
		r := c.people[i].Do(http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/changes?since=%d", c.room, since), nil)
		if r.Status != http.StatusServiceUnavailable {
			var page contract.ChangePage
			r.Want(http.StatusOK).Decode(&page)
			return page
		}
		p := r.WantProblem(http.StatusServiceUnavailable, "unavailable")
		if r.Header.Get("Retry-After") == "" || p.RetryAfterMs.Value < 2000 || p.RetryAfterMs.Value > 6000 {
			t.Errorf("come back in %q, %d ms", r.Header.Get("Retry-After"), p.RetryAfterMs.Value)
		}
		time.Sleep(time.Duration(p.RetryAfterMs.Value) * time.Millisecond) // what it was told
	}
}

// A whole community is cut off at once and comes back at once. Few are let to the database at a time, and everybody ends up with everything.
func TestResume_of_a_whole_community(t *testing.T) {
	t.Parallel()
	const size, missed = 300, 20
	s := parleytest.Start(t, parleytest.With("PARLEY_CATCH_UP_READS=1", "PARLEY_SOCKET_PER_ADDRESS=off", "PARLEY_SOCKET_PENDING_PER_ADDRESS=off"))
	maya := s.SignUp(t, "maya")
	room := maya.CreateRoom("Town hall", contract.RoomKindPublic).ID
	c := newCrowd(t, s, room, size)
	since := int64(maya.Changes(room, 0, "").Revision)
	c.line.Refuse()
	for i := range missed {
		maya.Post(room, fmt.Sprint("news ", i), fmt.Sprint("news-", i))
	}
	c.line.Mend(t)
	var all sync.WaitGroup
	healed := map[int]bool{}
	for len(healed) < size {
		select {
		case i := <-c.back:
			if healed[i] {
				continue
			}
			healed[i] = true
			all.Go(func() {
				page := c.heal(t, i, since)
				for n, m := range page.Items {
					if m.Body != fmt.Sprint("news ", n) {
						t.Errorf("member %d has %q in place %d", i, m.Body, n)
					}
				}
				if len(page.Items) != missed || int64(page.Revision) != since+missed {
					t.Errorf("member %d has %d messages up to revision %d", i, len(page.Items), page.Revision)
				}
			})
		case <-time.After(time.Minute):
			t.Fatalf("only %d came back", len(healed))
		}
	}
	all.Wait()
	if said := metrics(t, s); !strings.Contains(said, `parley_catch_up_reads_total{outcome="at_once"}`) {
		t.Error("they did not pass the gate; this proves nothing")
	}
	if strings.Contains(s.Log.String(), "level=ERROR") {
		t.Error("that somebody was told to come back later was logged as a failure")
	}
}
