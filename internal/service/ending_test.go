package service_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/service"
	"parley/internal/session"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// awayKeeper can be away.
type awayKeeper struct {
	session.Keeper
	away  atomic.Bool
	asked atomic.Int64 // for somebody's sessions
}

func (k *awayKeeper) Delete(ctx context.Context, user int64, only, except string, at time.Time) ([]session.Session, error) {
	if k.away.Load() {
		return nil, session.ErrUnavailable
	}
	return k.Keeper.Delete(ctx, user, only, except, at)
}

func (k *awayKeeper) List(ctx context.Context, user int64, at time.Time) ([]session.Session, error) {
	k.asked.Add(1)
	if k.away.Load() {
		return nil, session.ErrUnavailable
	}
	return k.Keeper.List(ctx, user, at)
}

// late is two nodes whose store of sessions can be away for the first, at times that the test sets.
type late struct {
	t      *testing.T
	store  *store.Store
	keeper *awayKeeper
	node   *service.Service
	told   *told
	at     atomic.Int64
}

func newLate(t *testing.T, s *store.Store) *late {
	l := &late{t: t, store: s, keeper: &awayKeeper{Keeper: store.NewSessions(s, policy)}, told: &told{}}
	l.at.Store(time.Now().Unix())
	l.node = nodesBy(t, func() time.Time { return time.Unix(l.at.Load(), 0) }, 64, s, l.keeper, l.told)[0]
	return l
}

// actor is whom a sign-in speaks for; a second has gone by before.
func (l *late) actor(signIn func(context.Context) (string, error)) chat.Actor {
	l.t.Helper()
	l.at.Add(1)
	token, err := signIn(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	actor, _, err := l.node.Sessions.Authenticate(token)
	if err != nil {
		l.t.Fatal(err)
	}
	return actor
}

func (l *late) signUp() chat.Actor {
	l.t.Helper()
	return l.actor(func(ctx context.Context) (string, error) {
		s, err := l.node.Sessions.SignUp(ctx, chat.SignUp{Username: "maya", Password: password}, chat.Device{})
		return s.AccessToken, err
	})
}

// add makes one more account, with maya's password, and signs it in.
func (l *late) add(name string) chat.Actor {
	l.t.Helper()
	_, hash, err := l.store.UserByUsername(context.Background(), "maya")
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.store.InsertUser(context.Background(), chat.User{Username: name, DisplayName: name}, hash); err != nil {
		l.t.Fatal(err)
	}
	return l.signIn(name, password)
}

func (l *late) signIn(name, password string) chat.Actor {
	l.t.Helper()
	return l.actor(func(ctx context.Context) (string, error) {
		s, err := l.node.Sessions.Open(ctx, name, password, chat.Device{})
		return s.AccessToken, err
	})
}

// whileAway runs what has to fail because the sessions cannot be asked, and then tries in vain to make good for it.
func (l *late) whileAway(what func(context.Context) error) {
	l.t.Helper()
	l.keeper.away.Store(true)
	l.at.Add(1)
	if err := what(context.Background()); !errors.Is(err, chat.ErrUnavailable) {
		l.t.Errorf("while the sessions cannot be asked: %v", err)
	}
	if err := l.node.Sessions.CatchUp(context.Background()); !errors.Is(err, chat.ErrUnavailable) {
		l.t.Errorf("caught up while the sessions cannot be asked: %v", err)
	}
	if got := l.told.about(); len(got) != 0 {
		l.t.Errorf("%v ended", got)
	}
	l.keeper.away.Store(false)
}

// catchUp makes good, and returns which sessions it ended. The second time there is nothing left to do.
func (l *late) catchUp() []chat.SessionID {
	l.t.Helper()
	if err := l.node.Sessions.CatchUp(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	ended, asked := l.told.about(), l.keeper.asked.Load()
	if err := l.node.Sessions.CatchUp(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	if got := l.told.about(); !slices.Equal(got, ended) || l.keeper.asked.Load() != asked {
		l.t.Errorf("told %v, and then %v; asked %d times, and then %d", ended, got, asked, l.keeper.asked.Load())
	}
	return ended
}

// living are a person's sessions, in any order.
func (l *late) living(actor chat.Actor) []chat.SessionID {
	l.t.Helper()
	list, err := l.node.Sessions.List(context.Background(), actor)
	if err != nil {
		l.t.Fatal(err)
	}
	ids := make([]chat.SessionID, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	slices.Sort(ids)
	return ids
}

// endedBy returns whose word it was that a person's sessions ended, by session.
func (l *late) endedBy(user chat.UserID) map[chat.SessionID]chat.UserID {
	l.t.Helper()
	entries, err := l.store.ListAuditEntries(context.Background(), user)
	if err != nil {
		l.t.Fatal(err)
	}
	by := map[chat.SessionID]chat.UserID{}
	for _, e := range entries {
		if e.Action == chat.AuditSessionEnded {
			by[e.Session] = e.Actor
		}
	}
	return by
}

func sorted(ids ...chat.SessionID) []chat.SessionID {
	slices.Sort(ids)
	return ids
}

// A password is changed while the sessions cannot be asked. The others end as soon as they can be; the one that asked, and whoever signed in with the new
// password meanwhile, go on.
func TestSessionsChangePassword_sessions_away(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		l := newLate(t, s)
		desk, theo := l.signUp(), l.add("theo")
		phone, pad := l.signIn("maya", password), l.signIn("maya", password)
		const fresh = "a wholly new phrase"
		l.whileAway(func(ctx context.Context) error {
			return l.node.Sessions.ChangePassword(ctx, desk, password, fresh, chat.Device{})
		})
		after := l.signIn("maya", fresh)
		if got, want := sorted(l.catchUp()...), sorted(phone.Session, pad.Session); !slices.Equal(got, want) {
			t.Errorf("%v ended, want %v", got, want)
		}
		if got, want := l.living(desk), sorted(desk.Session, after.Session); !slices.Equal(got, want) {
			t.Errorf("%v go on, want %v", got, want)
		}
		if got := l.living(theo); len(got) != 1 {
			t.Errorf("somebody else has the sessions %v", got)
		}
		if got, want := l.endedBy(desk.User), map[chat.SessionID]chat.UserID{phone.Session: desk.User, pad.Session: desk.User}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the audit says %v, want %v", got, want)
		}
	})
}

// Asked for twice, with another session that is to stay: none of the two does, as if both had been heard.
func TestSessionsRevokeAll_sessions_away(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		l := newLate(t, s)
		desk := l.signUp()
		phone := l.signIn("maya", password)
		for _, keeps := range []chat.Actor{desk, phone} {
			l.whileAway(func(ctx context.Context) error { return l.node.Sessions.RevokeAll(ctx, keeps, true, chat.Device{}) })
		}
		pad := l.signIn("maya", password)
		if got, want := sorted(l.catchUp()...), sorted(desk.Session, phone.Session); !slices.Equal(got, want) {
			t.Errorf("%v ended, want %v", got, want)
		}
		if got := l.living(pad); !slices.Equal(got, sorted(pad.Session)) {
			t.Errorf("%v go on, want %v", got, pad.Session)
		}
	})
}

// Somebody is deactivated while the sessions cannot be asked, and let in again before they can be: what was before is over, what is new goes on.
func TestPeopleUpdate_sessions_away(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		l := newLate(t, s)
		maya, theo := l.signUp(), l.add("theo")
		closed := func(yes bool) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := l.node.People.Update(ctx, maya, theo.User, chat.PersonChange{Deactivated: &yes}, chat.Device{})
				return err
			}
		}
		l.whileAway(closed(true))
		if err := closed(false)(context.Background()); err != nil {
			t.Fatal(err)
		}
		again := l.signIn("theo", password)
		if got := l.catchUp(); !slices.Equal(got, sorted(theo.Session)) {
			t.Errorf("%v ended, want %v", got, theo.Session)
		}
		if got := l.living(again); !slices.Equal(got, sorted(again.Session)) {
			t.Errorf("%v go on, want %v", got, again.Session)
		}
		if got := l.endedBy(theo.User); fmt.Sprint(got) != fmt.Sprint(map[chat.SessionID]chat.UserID{theo.Session: maya.User}) {
			t.Errorf("the audit says %v", got)
		}
	})
}
