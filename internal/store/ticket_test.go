package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

const mailed chat.TicketKind = "test.mailed"

func insertTicket(t *testing.T, s *store.Store, hash string, ticket chat.Ticket) {
	t.Helper()
	if err := s.InsertTicket(context.Background(), hash, ticket); err != nil {
		t.Fatal(err)
	}
}

func TestTicket_is_taken_once(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya := newUser(t, s, "maya")
		want := chat.Ticket{Kind: mailed, User: maya, Data: `{"to":"maya"}`, Expires: at.Add(time.Minute)}
		insertTicket(t, s, "h", want)
		if got, err := s.Ticket(t.Context(), mailed, "h", at); err != nil || got != want {
			t.Fatalf("looked at: %+v, %v; want %+v", got, err, want)
		}
		var taken, over atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				got, err := s.TakeTicket(context.Background(), mailed, "h", at)
				switch {
				case err == nil && got == want:
					taken.Add(1)
				case errors.Is(err, chat.ErrTicketOver):
					over.Add(1)
				default:
					t.Errorf("take: %+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if taken.Load() != 1 || over.Load() != 7 {
			t.Errorf("%d took it and %d were told that it is over; want 1 and 7", taken.Load(), over.Load())
		}
	})
}

func TestTicket_is_over(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		insertTicket(t, s, "h", chat.Ticket{Kind: mailed, Data: "", Expires: at.Add(time.Minute)})
		for name, ask := range map[string]func() (chat.Ticket, error){
			"when it has expired":       func() (chat.Ticket, error) { return s.TakeTicket(t.Context(), mailed, "h", at.Add(time.Minute)) },
			"when it is looked at late": func() (chat.Ticket, error) { return s.Ticket(t.Context(), mailed, "h", at.Add(time.Minute)) },
			"for another kind":          func() (chat.Ticket, error) { return s.TakeTicket(t.Context(), "test.other", "h", at) },
			"with another secret":       func() (chat.Ticket, error) { return s.TakeTicket(t.Context(), mailed, "i", at) },
			"after no tries":            func() (chat.Ticket, error) { return s.TryTicket(t.Context(), mailed, "h", 0, at) },
		} {
			if got, err := ask(); !errors.Is(err, chat.ErrTicketOver) {
				t.Errorf("%s: %+v, %v; want chat.ErrTicketOver", name, got, err)
			}
		}
		if got, err := s.TakeTicket(t.Context(), mailed, "h", at); err != nil || got.User != 0 {
			t.Errorf("in time: %+v, %v", got, err)
		}
	})
}

func TestTicket_counts_tries(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		insertTicket(t, s, "h", chat.Ticket{Kind: mailed, Expires: at.Add(time.Minute)})
		const most = 5
		var allowed atomic.Int64
		var all sync.WaitGroup
		for range 3 * most {
			all.Go(func() {
				_, err := s.TryTicket(context.Background(), mailed, "h", most, at)
				if err == nil {
					allowed.Add(1)
				} else if !errors.Is(err, chat.ErrTicketOver) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if allowed.Load() != most {
			t.Errorf("%d tries were allowed, want %d", allowed.Load(), most)
		}
	})
}

func TestTickets_go_when_revoked_and_when_swept(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		maya, tom := newUser(t, s, "maya"), newUser(t, s, "tom")
		for hash, ticket := range map[string]chat.Ticket{
			"maya": {Kind: mailed, User: maya, Expires: at.Add(time.Minute)}, "other": {Kind: "test.other", User: maya, Expires: at.Add(time.Minute)},
			"tom": {Kind: mailed, User: tom, Expires: at.Add(time.Minute)}, "old": {Kind: mailed, User: tom, Expires: at},
		} {
			insertTicket(t, s, hash, ticket)
		}
		if err := s.DeleteTickets(t.Context(), maya, mailed); err != nil {
			t.Fatal(err)
		}
		if n, err := s.SweepTickets(t.Context(), at); err != nil || n != 1 {
			t.Errorf("swept %d, %v; want the old one", n, err)
		}
		if _, err := s.Ticket(t.Context(), mailed, "maya", at); !errors.Is(err, chat.ErrTicketOver) {
			t.Errorf("the revoked one: %v", err)
		}
		for kind, hash := range map[chat.TicketKind]string{mailed: "tom", "test.other": "other"} {
			if _, err := s.Ticket(t.Context(), kind, hash, at); err != nil {
				t.Errorf("%s went too: %v", hash, err)
			}
		}
	})
}
