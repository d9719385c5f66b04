package wsapi_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/presence"
	"parley/internal/store"
)

// hands is a clock that stands still until it is put forward. Each server needs one of its own. What is to last until then by the machine's clock,
// by which the realtime library goes, has to last from the beginning of the test: longLived sees to it.
type hands struct {
	start time.Time
	ahead atomic.Int64
}

func newHands() *hands { return &hands{start: time.Now()} }

func (h *hands) now() time.Time          { return h.start.Add(time.Duration(h.ahead.Load())) }
func (h *hands) forward(d time.Duration) { h.ahead.Add(int64(d)) }

// longLived is for servers whose clock stands still, or runs ahead.
func longLived() parleytest.Option {
	return parleytest.With("PARLEY_SOCKET_MEMBERSHIP_LIFE=24h", "PARLEY_AUTH_ACCESS_TTL=1h")
}

func watch(t *testing.T, socket *parleytest.Socket, people ...*parleytest.Person) []contract.ID {
	t.Helper()
	ids := []contract.ID{}
	for _, p := range people {
		ids = append(ids, p.Me.ID)
	}
	data, err := socket.Call("presence.watch", map[string]any{"user_ids": ids})
	if err != nil {
		t.Fatal(err)
	}
	var reply contract.PresenceWatchReply
	if err := reply.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return reply.Online
}

func wantPresence(t *testing.T, socket *parleytest.Socket, online, offline []contract.ID) {
	t.Helper()
	e := socket.Next()
	got := e.PresenceChangedEvent.Data
	if e.Type != contract.PresenceChangedEventEvent || !slices.Equal(got.Online, online) || !slices.Equal(got.Offline, offline) {
		t.Errorf("%s %+v, want online %v, offline %v", e.Type, got, online, offline)
	}
}

// presenceOf tries one or two nodes: whoever watches learns who comes and who goes, and nobody else does.
func presenceOf(t *testing.T, clock *hands, watching, watched *parleytest.Server) {
	t.Helper()
	maya, theo, ines := watching.SignUp(t, "maya"), watching.SignUp(t, "theo"), watching.SignUp(t, "ines")
	hers, bystander := maya.Connect(), ines.Connect()
	nobody := &parleytest.Person{Me: contract.Me{ID: 99_999}}
	if online := watch(t, hers, theo, ines, nobody, maya); !slices.Equal(online, []contract.ID{maya.Me.ID, ines.Me.ID}) {
		t.Errorf("online: %v", online)
	}
	none := []contract.ID{}
	his := watched.As(t, theo).Connect()
	wantPresence(t, hers, []contract.ID{theo.Me.ID}, none)
	if online := watch(t, bystander, theo); !slices.Equal(online, []contract.ID{theo.Me.ID}) {
		t.Errorf("online: %v", online)
	}
	watch(t, bystander)
	his.Client.Close()
	again := watched.As(t, theo).Connect() // a reload is not told
	again.Client.Close()
	// Until the server has seen him go, the clock would run on for nothing.
	for waited := false; !waited; {
		clock.forward(presence.Grace)
		select {
		case <-time.After(100 * time.Millisecond):
		case e := <-hers.Events():
			waited = true
			if p := e.PresenceChangedEvent.Data; e.Type != contract.PresenceChangedEventEvent || !slices.Equal(p.Offline, []contract.ID{theo.Me.ID}) {
				t.Errorf("%s %+v, want theo offline", e.Type, p)
			}
		}
	}
	hers.Quiet()
	bystander.Quiet()
}

func TestPresence(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			clock := newHands()
			s := parleytest.Start(t, parleytest.On(engine), parleytest.Clock(clock.now), longLived())
			presenceOf(t, clock, s, s)
		})
	}
}

func TestPresence_across_nodes(t *testing.T) {
	t.Parallel()
	clock := newHands()
	nodes := parleytest.Nodes(t, 2, nil, parleytest.Clock(clock.now), longLived())
	presenceOf(t, clock, nodes[0], nodes[1])
}

func TestPresence_bad_input(t *testing.T) {
	t.Parallel()
	s := parleytest.Start(t, parleytest.With("PARLEY_LIMIT_PRESENCE_WATCH=2/1h"))
	maya := s.SignUp(t, "maya")
	socket := maya.Connect()
	for name, tt := range map[string]struct {
		data, code string
		fields     []string
	}{
		"no ids":       {`{}`, "invalid", []string{"user_ids"}},
		"too many":     {`{"user_ids":[` + strings.TrimSuffix(strings.Repeat("1,", 201), ",") + `]}`, "invalid", []string{"user_ids"}},
		"no id":        {`{"user_ids":[0]}`, "invalid", []string{"user_ids"}},
		"wrong type":   {`{"user_ids":["1"]}`, "invalid", []string{"user_ids"}},
		"not an array": {`{"user_ids":1}`, "invalid", []string{"user_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := s.SignUp(t, "p"+strings.ReplaceAll(name, " ", "-")).Connect()
			_, err := other.Call("presence.watch", tt.data)
			other.WantProblem(err, 400, tt.code, tt.fields...)
		})
	}
	for i := range 3 {
		_, err := socket.Call("presence.watch", fmt.Sprintf(`{"user_ids":[%d]}`, i+1))
		if i < 2 && err != nil {
			t.Errorf("call %d: %v", i, err)
		}
		if i == 2 {
			wantRateLimited(t, socket, err)
		}
	}
	if !strings.Contains(metrics(t, s), `parley_limit_refused_total{what="presence_watch"} 1`) {
		t.Error("the refusal is not counted by its type")
	}
}
