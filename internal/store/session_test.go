package store_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/session"
	"parley/internal/session/sessiontest"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		var users atomic.Int64
		// One database for all: it forgets what ended only when it is swept.
		bench := sessiontest.Bench{
			Keeper: store.NewSessions(s, sessiontest.Policy),
			NewUser: func(tb testing.TB) int64 {
				tb.Helper()
				return int64(newUser(tb, s, "u"+strings.Repeat("x", int(users.Add(1)))))
			},
		}
		sessiontest.Run(t, func(testing.TB) sessiontest.Bench { return bench })
	})
}

func TestSessionsSweep(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		k, maya := store.NewSessions(s, sessiontest.Policy), int64(newUser(t, s, "maya"))
		for _, id := range []string{"old", "gone", "young"} {
			if _, err := k.Insert(ctx, session.Session{ID: id, User: maya, CreatedAt: at, UsedAt: at, ExpiresAt: at.Add(sessiontest.Policy.Absolute)}, id); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.Delete(ctx, maya, "gone", "", at); err != nil {
			t.Fatal(err)
		}
		later := at.Add(sessiontest.Policy.Idle)
		_, _, _, err := k.Rotate(ctx, session.Change{Ref: session.Ref{ID: "young", User: maya}, Presented: "young", Next: "n", Now: later.Add(-time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := k.Sweep(ctx, later); err != nil || n != 2 {
			t.Errorf("swept %d, %v; want the one that was idle for too long and the one that was remembered", n, err)
		}
		if list, err := k.List(ctx, maya, later); err != nil || len(list) != 1 || list[0].ID != "young" {
			t.Errorf("left are %+v, %v", list, err)
		}
	})
}

func TestRecord(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, device := newUser(t, s, "maya"), chat.Device{Agent: "Firefox on Linux", Place: "203.0.113.0/24"}
		entry := chat.AuditEntry{At: at, Action: chat.AuditSessionOpened, Actor: maya, User: maya, Session: "s", Device: device}
		note := chat.Notice{User: maya, Kind: chat.NoticeSessionOpened, At: at, Session: "s", Device: device}
		for range 60 {
			if err := s.Record(ctx, []chat.AuditEntry{entry}, []chat.Notice{note}); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.ListAuditEntries(ctx, maya)
		entry.ID = entries[0].ID
		if err != nil || len(entries) != 60 || entries[0] != entry {
			t.Errorf("%d entries, the first %+v, %v; want 60 of %+v", len(entries), entries[0], err, entry)
		}
		notices, err := s.ListNotices(ctx, maya, "other")
		if err != nil || len(notices) != 50 || notices[0].ID <= notices[49].ID {
			t.Errorf("%d notices, %v; want the newest 50, newest first", len(notices), err)
		}
		if about, err := s.ListNotices(ctx, maya, "s"); err != nil || len(about) != 0 {
			t.Errorf("a session sees %d notices about itself (%v)", len(about), err)
		}
		for since, want := range map[time.Time]bool{at: true, at.Add(time.Second): false} {
			if seen, err := s.DeviceSeen(ctx, maya, chat.AuditSessionOpened, device, since); seen != want || err != nil {
				t.Errorf("seen since %v: %v, %v", since, seen, err)
			}
		}
		if seen, err := s.DeviceSeen(ctx, maya, chat.AuditSessionOpened, chat.Device{Agent: device.Agent}, at); seen || err != nil {
			t.Errorf("another place is the same device: %v, %v", seen, err)
		}
	})
}
