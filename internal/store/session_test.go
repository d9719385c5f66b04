package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya := newUser(t, s, "maya")
		insert := func(id chat.SessionID, hash string) {
			t.Helper()
			err := s.InsertSession(ctx, store.Session{ID: id, User: maya, RefreshHash: []byte(hash), CreatedAt: at, UsedAt: at, ExpiresAt: at.Add(90 * time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
		}
		rotate := func(from, to string, now time.Time) error {
			_, err := s.RotateSession(ctx, []byte(from), []byte(to), now, now.Add(-14*time.Hour))
			return err
		}
		insert("a", "one")
		got, err := s.RotateSession(ctx, []byte("one"), []byte("two"), at.Add(time.Hour), at)
		if err == nil && got.UsedAt.IsZero() || !errors.Is(err, chat.ErrSessionOver) {
			t.Errorf("unused since the idle limit: %+v, %v", got, err)
		}
		if err := rotate("one", "two", at.Add(time.Hour)); err != nil {
			t.Errorf("rotate: %v", err)
		}
		if err := rotate("one", "three", at.Add(time.Hour)); !errors.Is(err, chat.ErrSessionOver) {
			t.Errorf("the old token again: %v", err)
		}
		if err := rotate("two", "three", at.Add(16*time.Hour)); !errors.Is(err, chat.ErrSessionOver) {
			t.Errorf("idle for too long: %v", err)
		}
		insert("b", "b1")
		if err := s.DeleteSession(ctx, []byte("b1")); err != nil {
			t.Error(err)
		}
		if err := s.DeleteSession(ctx, []byte("b1")); err != nil {
			t.Errorf("twice: %v", err)
		}
		if err := rotate("b1", "b2", at); !errors.Is(err, chat.ErrSessionOver) {
			t.Errorf("after the end: %v", err)
		}
		if n, err := s.DeleteSessionsOver(ctx, at.Add(100*time.Hour), at); err != nil || n != 1 {
			t.Errorf("swept %d, %v; want 1", n, err)
		}
	})
}
