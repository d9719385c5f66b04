package wsapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/internal/contract"
	"parley/internal/parleytest"
	"parley/internal/servertest"
)

// pair is one Parley of two nodes, with maya at the first and tomas at the second, both members of a room.
type pair struct {
	here, there *parleytest.Server
	maya, tomas *parleytest.Person
	room        contract.ID
}

func newPair(t *testing.T, kind contract.RoomKind, each func(int) []parleytest.Option) *pair {
	t.Helper()
	nodes := parleytest.Nodes(t, 2, each)
	p := &pair{here: nodes[0], there: nodes[1]}
	p.maya = p.here.SignUp(t, "maya")
	p.tomas = p.there.SignUp(t, "tomas")
	p.room = p.maya.CreateRoom("Releases", kind).ID
	p.add(t, "tomas")
	return p
}

func (p *pair) add(t *testing.T, username string) {
	t.Helper()
	r := p.maya.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/members", p.room), map[string]string{"username": username})
	if r.Status >= 300 {
		t.Fatalf("%s not added: %d\n%s", username, r.Status, r.Body)
	}
}

func (p *pair) remove(t *testing.T, who *parleytest.Person) {
	t.Helper()
	p.maya.Do(http.MethodDelete, fmt.Sprintf("/api/v1/rooms/%d/members/%d", p.room, who.Me.ID), nil).Want(http.StatusNoContent)
}

// wires puts a network of its own between each node and Redis.
func wires(t *testing.T) (of [2]*servertest.Proxy, each func(int) []parleytest.Option) {
	t.Helper()
	var urls [2]string
	for i := range of {
		of[i], urls[i] = servertest.NewProxy(t, servertest.RedisURL(t))
	}
	return of, func(i int) []parleytest.Option {
		return []parleytest.Option{parleytest.With("PARLEY_REDIS_URL=" + urls[i])}
	}
}

// linked waits until a node hears the others, or does not.
func linked(t *testing.T, s *parleytest.Server, want bool) {
	t.Helper()
	servertest.Eventually(t, func() error {
		if is := strings.Contains(metrics(t, s), "\nparley_realtime_broker_linked 1\n"); is != want {
			return fmt.Errorf("linked: %t", is)
		}
		return nil
	})
}

// until takes events up to one of a type, and returns the bodies of the messages before it.
func until(s *parleytest.Socket, last contract.EventType) (bodies []string) {
	for {
		e := s.Next()
		if e.Type == last {
			return bodies
		}
		if e.Type == contract.MessagePostedEventEvent {
			bodies = append(bodies, e.MessagePostedEvent.Data.Message.Body)
		}
	}
}

// next is the next message. That somebody joined may still be on its way to those who listened soon after.
func next(t *testing.T, s *parleytest.Socket) contract.Message {
	t.Helper()
	e := s.Next()
	for e.Type == contract.MemberJoinedEventEvent {
		e = s.Next()
	}
	return posted(t, e)
}

func posted(t *testing.T, e contract.Event) contract.Message {
	t.Helper()
	if e.Type != contract.MessagePostedEventEvent {
		t.Fatalf("event %s, want a message: %+v", e.Type, e)
	}
	return e.MessagePostedEvent.Data.Message
}

// What is said at one node reaches the members at every node, once, and what one node says in its order. What two nodes say within the same
// millisecond may change places on the way; the numbers tell.
func TestNodes_deliver_to_each_other(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPrivate, nil)
	maya, tomas := p.maya.Connect(), p.tomas.Connect()
	maya.Subscribe(p.room)
	tomas.Subscribe(p.room)
	const most = 40
	for i := range most {
		if i%2 == 0 {
			maya.Post(p.room, fmt.Sprint(i), fmt.Sprint("m", i))
		} else {
			p.tomas.Post(p.room, fmt.Sprint(i), fmt.Sprint("t", i))
		}
	}
	for _, s := range []*parleytest.Socket{maya, tomas} {
		latest := map[contract.ID]contract.Number{}
		for range most {
			m := next(t, s)
			if want := latest[m.AuthorID] + 2; m.Number != want && m.Number != 1 {
				t.Fatalf("message %d of %d came when %d was next", m.Number, m.AuthorID, want)
			}
			latest[m.AuthorID] = m.Number
		}
	}
	if _, err := tomas.Call("typing.start", map[string]any{"room_id": p.room}); err != nil {
		t.Fatal(err)
	}
	if e := maya.Next(); e.Type != contract.TypingStartedEventEvent {
		t.Errorf("event %s, want typing", e.Type)
	}
	tomas.Next()
	maya.Quiet()
	tomas.Quiet()
}

// A node without Redis serves its own: posts are acknowledged, its members get them once, and new subscriptions are accepted. When Redis is back,
// members at other nodes are told to look at the database, everything works as before, and nobody gets anything twice.
func TestNodes_redis_away(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*servertest.Proxy){
		"refused": (*servertest.Proxy).Refuse, "held": (*servertest.Proxy).Hold, "half": (*servertest.Proxy).HoldReplies,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, each := wires(t)
			p := newPair(t, contract.RoomKindPublic, each)
			noor, ben := p.here.SignUp(t, "noor"), p.here.SignUp(t, "ben")
			noor.Join(p.room)
			ben.Join(p.room)
			near, late, far := noor.Connect(), ben.Connect(), p.tomas.Connect()
			near.Subscribe(p.room)
			far.Subscribe(p.room)
			p.maya.Post(p.room, "before", "before")
			next(t, far)
			fail(wire[0])
			fail(wire[1])
			for i := range 5 {
				started := time.Now()
				p.maya.Post(p.room, fmt.Sprint("away ", i), fmt.Sprint("away-", i))
				if took := time.Since(started); took > 15*time.Second { // it would wait for as long as Redis is held
					t.Errorf("a post took %s while Redis was away", took)
				}
			}
			linked(t, p.here, false)
			linked(t, p.there, false)
			if r := p.maya.Do(http.MethodGet, "/health/ready", nil); r.Status != http.StatusServiceUnavailable || !strings.Contains(string(r.Body), `"nodes":{"status":"failed"`) {
				t.Errorf("ready: %d %s", r.Status, r.Body)
			}
			late.Subscribe(p.room)
			p.maya.Post(p.room, "for both", "for-both")
			if m := next(t, late); m.Body != "for both" {
				t.Errorf("the late subscriber got %q", m.Body)
			}
			far.Quiet()
			wire[0].Mend(t)
			wire[1].Mend(t)
			linked(t, p.here, true)
			linked(t, p.there, true)
			if got := until(far, contract.EventsMissedEventEvent); len(got) != 0 {
				t.Errorf("the far member got %q before being told", got)
			}
			p.maya.Post(p.room, "after", "after")
			if _, err := p.maya.Connect().Call("typing.start", map[string]any{"room_id": p.room}); err != nil {
				t.Fatal(err)
			}
			want := []string{"before", "away 0", "away 1", "away 2", "away 3", "away 4", "for both", "after"}
			if got := until(near, contract.TypingStartedEventEvent); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the near member got %q, want %q", got, want)
			}
			if got := until(late, contract.TypingStartedEventEvent); fmt.Sprint(got) != "[after]" {
				t.Errorf("the late member got %q", got)
			}
			if got := until(far, contract.TypingStartedEventEvent); fmt.Sprint(got) != "[after]" {
				t.Errorf("the far member got %q", got)
			}
			if strings.Contains(metrics(t, p.here), "parley_realtime_broker_local_total 0") || strings.Contains(metrics(t, p.here), "parley_realtime_broker_breaks_total 0") {
				t.Error("nothing was counted")
			}
		})
	}
}

// One node is cut from Redis and the other is not: what it could not say is made good to those at the other, whose own link never broke.
func TestNodes_one_cut_off_tells_the_others(t *testing.T) {
	t.Parallel()
	wire, each := wires(t)
	p := newPair(t, contract.RoomKindPublic, each)
	far := p.tomas.Connect()
	far.Subscribe(p.room)
	wire[0].Refuse()
	linked(t, p.here, false)
	p.maya.Post(p.room, "unheard", "unheard")
	wire[0].Mend(t)
	if got := until(far, contract.EventsMissedEventEvent); len(got) != 0 {
		t.Errorf("the far member got %q", got)
	}
	if page := p.tomas.Changes(p.room, 0, ""); len(page.Items) != 1 {
		t.Errorf("%d messages in the changes", len(page.Items))
	}
	if !strings.Contains(metrics(t, p.there), "parley_realtime_broker_breaks_total 0") {
		t.Error("the other node lost its link too; this proves nothing")
	}
}

// A node is gone from one moment to the next, with something stored and not told. Nobody sends it again and the room stays quiet: the members at the
// other nodes are asked to look for it within seconds, once. A node that ends in order worries nobody.
func TestNodes_one_lost_is_noticed(t *testing.T) {
	t.Parallel()
	ways := make([]*servertest.Proxy, 3)
	nodes := parleytest.Nodes(t, 3, func(i int) []parleytest.Option {
		var url string
		ways[i], url = servertest.NewProxy(t, servertest.RedisURL(t))
		return []parleytest.Option{parleytest.With("PARLEY_REDIS_URL=" + url)}
	})
	maya := nodes[0].SignUp(t, "maya")
	room := maya.CreateRoom("Releases", contract.RoomKindPublic).ID
	tomas := nodes[1].SignUp(t, "tomas")
	tomas.Join(room)
	listener := tomas.Connect()
	listener.Subscribe(room)
	servertest.Eventually(t, func() error { // nobody misses whom they have never heard
		if !strings.Contains(metrics(t, nodes[1]), "\nparley_realtime_broker_nodes 2\n") {
			return errors.New("the node does not hear both others")
		}
		return nil
	})
	// In the order of their ends: when the last one is missed, the first would have been missed before.
	stop, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := nodes[2].Stop(stop); err != nil {
		t.Fatal(err)
	}
	ways[0].Refuse() // as seen from everywhere else, a kill
	linked(t, nodes[0], false)
	maya.Post(room, "never told", "key")
	if got := until(listener, contract.EventsMissedEventEvent); len(got) != 0 {
		t.Fatalf("heard %q", got)
	}
	if page := tomas.Changes(room, 0, ""); len(page.Items) != 1 {
		t.Errorf("%d messages in the changes", len(page.Items))
	}
	if !strings.Contains(metrics(t, nodes[1]), "parley_realtime_broker_nodes_lost_total 1\n") {
		t.Error("not one node was counted as lost")
	}
	if !strings.Contains(metrics(t, nodes[1]), "parley_realtime_broker_breaks_total 0") {
		t.Error("the node lost its own link; this proves nothing")
	}
	ways[0].Mend(t)
	linked(t, nodes[0], true)
	if got := until(listener, contract.EventsMissedEventEvent); len(got) != 0 { // the room's own, from the node that is back
		t.Errorf("heard %q", got)
	}
	maya.Post(room, "and on", "on")
	if m := next(t, listener); m.Body != "and on" {
		t.Errorf("heard %q", m.Body)
	}
}

// A connection that breaks between two beats is noticed all the same.
func TestNodes_short_break_is_made_good(t *testing.T) {
	t.Parallel()
	wire, each := wires(t)
	p := newPair(t, contract.RoomKindPublic, each)
	far := p.tomas.Connect()
	far.Subscribe(p.room)
	wire[1].Cut()
	until(far, contract.EventsMissedEventEvent)
	p.maya.Post(p.room, "hello", "hello")
	e := far.Next()
	for e.Type == contract.EventsMissedEventEvent { // more than one link may break before there is a good one
		e = far.Next()
	}
	if m := posted(t, e); m.Body != "hello" {
		t.Errorf("the far member got %q", m.Body)
	}
}

// Everything that Parley has in Redis may go: delivery does not live there.
func TestNodes_redis_emptied(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	far := p.tomas.Connect()
	far.Subscribe(p.room)
	servertest.Forget(t, servertest.RedisURL(t), p.here.RedisPrefix)
	p.maya.Post(p.room, "still here", "a")
	if m := next(t, far); m.Body != "still here" {
		t.Errorf("the far member got %q", m.Body)
	}
}

// Somebody who is removed at one node hears nothing more at another, not even what is said in the same moment.
func TestNodes_removed_member_hears_nothing(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPrivate, nil)
	const rounds = 20
	tomas := p.tomas.Connect()
	for i := range rounds {
		sub := tomas.Subscribe(p.room)
		p.remove(t, p.tomas)
		p.maya.Post(p.room, "secret", fmt.Sprint("secret", i))
		if got := until(tomas, contract.MemberLeftEventEvent); len(got) != 0 {
			t.Fatalf("the removed member got %q", got)
		}
		servertest.Eventually(t, func() error {
			if sub.State() != "unsubscribed" {
				return fmt.Errorf("the subscription is %s", sub.State())
			}
			return nil
		})
		if err := tomas.Client.RemoveSubscription(sub); err != nil {
			t.Fatal(err)
		}
		if _, err := tomas.TrySubscribe("room:" + fmt.Sprint(p.room)); err == nil {
			t.Fatal("the removed member could subscribe")
		}
		old, _ := tomas.Client.GetSubscription("room:" + fmt.Sprint(p.room))
		_ = old.Unsubscribe()
		_ = tomas.Client.RemoveSubscription(old)
		p.add(t, "tomas")
		if got := until(tomas, contract.MemberJoinedEventEvent); len(got) != 0 {
			t.Fatalf("the removed member got %q", got)
		}
	}
}

// The news of a removal may never reach a node. Its subscription ends all the same when its time is up.
func TestNodes_removal_that_was_not_heard_of(t *testing.T) {
	t.Parallel()
	wire, each := wires(t)
	p := newPair(t, contract.RoomKindPrivate, func(i int) []parleytest.Option {
		return append(each(i), parleytest.With("PARLEY_SOCKET_MEMBERSHIP_LIFE=4s"))
	})
	tomas := p.tomas.Connect()
	sub := tomas.Subscribe(p.room)
	wire[1].Refuse()
	linked(t, p.there, false)
	p.remove(t, p.tomas) // told to whoever listens: nobody
	wire[1].Mend(t)
	linked(t, p.there, true)
	servertest.Eventually(t, func() error {
		if sub.State() != "unsubscribed" {
			return fmt.Errorf("the subscription is %s", sub.State())
		}
		return nil
	})
	p.maya.Post(p.room, "secret", "secret")
	noise := p.tomas.CreateRoom("Noise", contract.RoomKindPublic)
	if got := until(tomas, contract.MemberJoinedEventEvent); len(got) != 0 {
		t.Errorf("the removed member got %q (%d)", got, noise.ID)
	}
}

// A removal while Redis is away is told when it is back.
func TestNodes_removal_is_told_late(t *testing.T) {
	t.Parallel()
	wire, each := wires(t)
	p := newPair(t, contract.RoomKindPrivate, each)
	tomas := p.tomas.Connect()
	sub := tomas.Subscribe(p.room)
	wire[0].Refuse()
	linked(t, p.here, false)
	p.remove(t, p.tomas)
	wire[0].Mend(t)
	servertest.Eventually(t, func() error {
		if sub.State() != "unsubscribed" {
			return fmt.Errorf("the subscription is %s", sub.State())
		}
		return nil
	})
}

// Somebody who joins at one node may listen at every other at once, whatever was answered there a moment ago.
func TestNodes_joining_counts_everywhere(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	noor := p.here.SignUp(t, "noor")
	there := p.there.As(t, noor).Connect()
	if _, err := there.TrySubscribe("room:" + fmt.Sprint(p.room)); err == nil {
		t.Fatal("somebody who is not a member could subscribe")
	}
	old, _ := there.Client.GetSubscription("room:" + fmt.Sprint(p.room))
	_ = old.Unsubscribe()
	_ = there.Client.RemoveSubscription(old)
	noor.Join(p.room)
	there.Subscribe(p.room)
}

// A session that is ended at one node loses its socket at another right away, and not when that node asks the next time.
func TestNodes_ended_session_loses_its_socket(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	phone := p.there.As(t, p.here.SignIn(t, "maya")).Connect()
	desk := p.there.As(t, p.maya).Connect()
	started := time.Now()
	p.maya.Do(http.MethodPost, "/api/v1/me/sessions/revoke-all", map[string]any{"keep_current": true}).Want(http.StatusNoContent)
	if e := phone.Ended(); e.Code != 3550 {
		t.Errorf("closed with %d %s", e.Code, e.Reason)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := desk.Client.RPC(context.Background(), "typing.start", []byte(fmt.Sprintf(`{"room_id":%d}`, p.room))); err != nil {
		t.Errorf("the session that was kept: %v", err)
	}
}

// A person's own events, such as notices, reach them at every node.
func TestNodes_notices(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	there := p.there.As(t, p.maya).Connect()
	p.here.SignIn(t, "maya", "User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1")
	until(there, contract.NoticeAddedEventEvent)
}

// A new role reaches the person's open pages at every node, and nobody else's.
func TestNodes_role(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	person := p.here.SignUp(t, "bea")
	page := p.there.As(t, person).Connect()
	p.maya.Govern(person.Me.ID, map[string]any{"role": "admin"}).Want(http.StatusOK)
	until(page, contract.AccountUpdatedEventEvent)
	var me contract.Me
	p.there.As(t, person).Do(http.MethodGet, "/api/v1/me", nil).Want(http.StatusOK).Decode(&me)
	if me.Role != contract.ServerRoleAdmin {
		t.Errorf("the page asks, and learns that it is %s", me.Role)
	}
}

// Whoever is deactivated at one node is out at every other within a second: the socket ends, and their token is worth nothing.
func TestNodes_deactivated_is_out(t *testing.T) {
	t.Parallel()
	p := newPair(t, contract.RoomKindPublic, nil)
	far := p.tomas.Connect()
	far.Subscribe(p.room)
	start := time.Now()
	p.maya.Govern(p.tomas.Me.ID, map[string]any{"deactivated": true}).Want(http.StatusOK)
	if e := far.Ended(); e.Code != 3550 {
		t.Errorf("the far socket ended with %d %s", e.Code, e.Reason)
	}
	if took := time.Since(start); took > 5*time.Second { // told, and not found out by asking, which happens every fifteen
		t.Errorf("they went on for %v", took)
	}
	p.tomas.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(http.StatusUnauthorized, "unauthenticated")
	p.tomas.Refresh("").WantProblem(http.StatusUnauthorized, "session_over")
}

// Redis is away for the node at which a password is changed and somebody is deactivated: whoever asks is told so. When it is back, the sessions end at
// every node without anybody asking once more.
func TestNodes_sessions_end_late(t *testing.T) {
	t.Parallel()
	wire, each := wires(t)
	p := newPair(t, contract.RoomKindPublic, func(i int) []parleytest.Option {
		// A proof of who somebody is would be looked for in Redis.
		return append(each(i), parleytest.With("PARLEY_AUTH_REAUTHENTICATE_AFTER=0"))
	})
	far := p.tomas.Connect()
	phone := p.there.As(t, p.here.SignIn(t, "maya")).Connect()
	desk := p.there.As(t, p.maya).Connect()
	wire[0].Refuse()
	p.maya.Do(http.MethodPost, "/api/v1/me/password", map[string]string{"current_password": parleytest.Password, "new_password": "a wholly new phrase"}).
		WantProblem(http.StatusServiceUnavailable, "unavailable")
	p.maya.Govern(p.tomas.Me.ID, map[string]any{"deactivated": true}).WantProblem(http.StatusServiceUnavailable, "unavailable")
	wire[0].Mend(t)
	for name, s := range map[string]*parleytest.Socket{"with the old password": phone, "of the deactivated": far} {
		if e := s.Ended(); e.Code != 3550 {
			t.Errorf("the socket %s ended with %d %s", name, e.Code, e.Reason)
		}
	}
	p.tomas.Do(http.MethodGet, "/api/v1/me", nil).WantProblem(http.StatusUnauthorized, "unauthenticated")
	p.tomas.Refresh("").WantProblem(http.StatusUnauthorized, "session_over")
	if _, err := desk.Call("typing.start", map[string]any{"room_id": p.room}); err != nil {
		t.Errorf("the session that changed the password: %v", err)
	}
}
