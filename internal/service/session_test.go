package service_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/internal/auth"
	"parley/internal/chat"
	"parley/internal/service"
	"parley/internal/session"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

const password = "correct horse battery"

// told is a publisher that remembers whose sessions it was told of.
type told struct {
	mu      sync.Mutex
	revoked []chat.SessionID
}

func (*told) Announce(...chat.Event)         {}
func (*told) Expel(chat.RoomID, chat.UserID) {}

func (p *told) Revoke(_ chat.UserID, ids ...chat.SessionID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked = append(p.revoked, ids...)
}

func (p *told) about() []chat.SessionID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.revoked)
}

var policy = session.Policy{
	Idle: time.Hour, Absolute: 2 * time.Hour, Grace: session.DefaultGrace, PerUser: session.DefaultPerUser, Remember: 20 * time.Minute,
}

// nodes returns as many services as publishers, all on one database and with one key, as nodes of one installation are.
func nodes(t *testing.T, s *store.Store, keeper session.Keeper, publishers ...*told) []*service.Service {
	t.Helper()
	return nodesAt(t, 64, s, keeper, publishers...)
}

// nodesAt is nodes that hash passwords in so much memory.
func nodesAt(t *testing.T, memoryKiB uint32, s *store.Store, keeper session.Keeper, publishers ...*told) []*service.Service {
	t.Helper()
	return nodesBy(t, ticking(), memoryKiB, s, keeper, publishers...)
}

// nodesBy is nodesAt with a clock.
func nodesBy(t *testing.T, clock chat.Clock, memoryKiB uint32, s *store.Store, keeper session.Keeper, publishers ...*told) []*service.Service {
	t.Helper()
	var seed [32]byte
	_, _ = rand.Read(seed[:])
	ring, err := auth.ParseKeyRing([]string{"k:" + base64.RawURLEncoding.EncodeToString(seed[:])})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*service.Service, len(publishers))
	for i, p := range publishers {
		list[i] = service.New(service.Deps{
			Store: s, Hasher: auth.NewHasher(auth.Params{MemoryKiB: memoryKiB, Time: 1, Parallelism: 1}, 4),
			Tokens:    auth.NewTokens(ring, "https://x", "parley", 15*time.Minute, clock),
			Publisher: p, Clock: clock, Logger: slog.New(slog.DiscardHandler), Sessions: policy, Keeper: keeper,
		})
	}
	return list
}

// ticking is the machine's clock, but never says the same millisecond twice: what is stored has an order by time then, however fast the machine is.
func ticking() chat.Clock {
	var mu sync.Mutex
	var last time.Time
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Before(last.Add(time.Millisecond)) {
			last = last.Add(time.Millisecond)
		} else {
			last = now
		}
		return last
	}
}

// A node that did not get the message about an ended session finds out by asking, refuses its tokens and closes its sockets.
func TestSessionsCatchUp(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		here, there := &told{}, &told{}
		n := nodes(t, s, nil, here, there)
		opened, err := n[0].Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		if err := n[1].Sessions.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		actor, _, err := n[1].Sessions.Authenticate(opened.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if err := n[0].Sessions.Close(ctx, opened.RefreshToken, chat.Device{}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := n[0].Sessions.Authenticate(opened.AccessToken); !errors.Is(err, chat.ErrUnauthenticated) {
			t.Errorf("at the node where it ended: %v", err)
		}
		for range 2 { // the second time it is no news
			if err := n[1].Sessions.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := n[1].Sessions.Authenticate(opened.AccessToken); !errors.Is(err, chat.ErrUnauthenticated) {
			t.Errorf("at the other node: %v", err)
		}
		if got := there.about(); !slices.Equal(got, []chat.SessionID{actor.Session}) {
			t.Errorf("sockets closed of %v, want %v once", got, actor.Session)
		}
	})
}

// slowKeeper lets something happen between the check of a password and the session.
type slowKeeper struct {
	session.Keeper
	meanwhile func()
}

func (k *slowKeeper) Insert(ctx context.Context, s session.Session, hash string) ([]session.Session, error) {
	k.meanwhile()
	return k.Keeper.Insert(ctx, s, hash)
}

// A sign-in with the old password that is half done when the password changes does not outlive the change, which has seen no session of it.
func TestSessionsOpen_while_the_password_changes(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		slow := &slowKeeper{Keeper: store.NewSessions(s, policy), meanwhile: func() {}}
		n := nodes(t, s, slow, &told{})[0]
		opened, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		actor, _, err := n.Sessions.Authenticate(opened.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		slow.meanwhile = func() {
			if err := n.Sessions.ChangePassword(ctx, actor, password, "a wholly new phrase", chat.Device{}); err != nil {
				t.Error(err)
			}
		}
		if _, err := n.Sessions.Open(ctx, "maya", password, chat.Device{}); !errors.Is(err, chat.ErrBadCredentials) {
			t.Errorf("signed in with the old password: %v", err)
		}
		list, err := n.Sessions.List(ctx, actor)
		if err != nil || len(list) != 1 || !list[0].Current {
			t.Errorf("sessions %+v, %v; want the one that changed the password", list, err)
		}
		entries, err := s.ListAuditEntries(ctx, actor.User)
		if err != nil {
			t.Fatal(err)
		}
		var actions []chat.AuditAction
		for _, e := range entries {
			actions = append(actions, e.Action)
		}
		want := []chat.AuditAction{chat.AuditSessionOpened, chat.AuditPasswordChanged, chat.AuditSessionOpened, chat.AuditSessionEnded}
		if !slices.Equal(actions, want) {
			t.Errorf("the audit says %v, want %v", actions, want)
		}
	})
}

// While two versions of the settings are in use, each sign-in may store the password under another cost. It is the same password: nobody is refused.
func TestSessionsOpen_while_the_cost_changes(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		slow := &slowKeeper{Keeper: store.NewSessions(s, policy), meanwhile: func() {}}
		n, other := nodes(t, s, slow, &told{})[0], nodesAt(t, 128, s, nil, &told{})[0]
		if _, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{}); err != nil {
			t.Fatal(err)
		}
		stored := func() string {
			_, hash, err := s.UserByUsername(ctx, "maya")
			if err != nil {
				t.Error(err)
			}
			return hash
		}
		before := stored()
		slow.meanwhile = func() {
			if _, err := other.Sessions.Open(ctx, "maya", password, chat.Device{}); err != nil || stored() == before {
				t.Errorf("the other node stored it anew: %v, %v", stored() != before, err)
			}
		}
		if _, err := n.Sessions.Open(ctx, "maya", password, chat.Device{}); err != nil {
			t.Errorf("refused with the right password: %v", err)
		}
	})
}

// Of several sign-ins that find the password under another cost one stores it anew; the second step of the others is good all the same.
func TestSessionsOpen_at_once_after_the_cost_changed(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		n, other := nodes(t, s, nil, &told{})[0], nodesAt(t, 128, s, nil, &told{})[0]
		maya, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.InsertTOTPKey(ctx, chat.TOTPKey{User: maya.User.ID, Sealed: "k:x", CreatedAt: time.Now()}, nil); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				opened, err := other.Sessions.Open(ctx, "maya", password, chat.Device{})
				if err != nil || opened.Challenge == nil {
					t.Errorf("opened %+v, %v", opened, err)
					return
				}
				if _, err := other.Sessions.Waiting(ctx, opened.Challenge.Ticket); err != nil {
					t.Errorf("the second step is over before it began: %v", err)
				}
			})
		}
		all.Wait()
	})
}

// One sign-in too many ends the session that was unused longest, and says so in the audit.
func TestSessionsOpen_one_too_many(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		publisher := &told{}
		n := nodes(t, s, nil, publisher)[0]
		first, err := n.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		if err != nil {
			t.Fatal(err)
		}
		actor, _, err := n.Sessions.Authenticate(first.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		for range policy.PerUser {
			if _, err := n.Sessions.Open(ctx, "maya", password, chat.Device{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := n.Sessions.Authenticate(first.AccessToken); !errors.Is(err, chat.ErrUnauthenticated) {
			t.Errorf("the first session goes on: %v", err)
		}
		if got := publisher.about(); !slices.Equal(got, []chat.SessionID{actor.Session}) {
			t.Errorf("revoked %v, want %v", got, actor.Session)
		}
		entries, err := s.ListAuditEntries(ctx, actor.User)
		if err != nil || !slices.ContainsFunc(entries, func(e chat.AuditEntry) bool {
			return e.Action == chat.AuditSessionEvicted && e.Session == actor.Session && e.Actor == 0
		}) {
			t.Errorf("the audit does not say it: %+v, %v", entries, err)
		}
	})
}
