package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

func TestClaimMail(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for i := range 20 {
			if err := s.InsertMail(ctx, chat.Mail{Kind: chat.MailReset, Address: "maya", Device: chat.Device{Agent: "Firefox", Place: "here"}, At: at.Add(time.Duration(i) * time.Second)}); err != nil {
				t.Fatal(err)
			}
		}
		claim := func(now time.Time) (chat.Mail, bool) {
			m, claimed, err := s.ClaimMail(ctx, now, now.Add(time.Minute))
			if err != nil {
				t.Error(err)
			}
			return m, claimed
		}
		if _, claimed := claim(at.Add(-time.Millisecond)); claimed {
			t.Error("a mail is claimed before it is due")
		}
		first, _ := claim(at)
		if first.Kind != chat.MailReset || first.Address != "maya" || first.Device.Agent != "Firefox" || first.Attempts != 1 || !first.At.Equal(at) {
			t.Errorf("claimed %+v", first)
		}
		// Nobody else gets it until its time is over.
		if _, claimed := claim(at); claimed {
			t.Error("a mail is claimed twice")
		}
		later := at.Add(time.Hour)
		second, _ := claim(later) // the one that waits the longest is another one now
		if second.ID == first.ID {
			t.Errorf("claimed %+v again", second)
		}
		// Whose time was over no longer decides about it.
		again := second
		again.Claimed = again.Claimed.Add(-time.Millisecond)
		if err := errors.Join(s.DeleteMail(ctx, again), s.DeferMail(ctx, again, at)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.CountMails(ctx); n != 20 || err != nil {
			t.Errorf("%d mails, %v", n, err)
		}
		if err := s.DeferMail(ctx, second, at.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		third, _ := claim(later)
		if third.ID != second.ID || third.Attempts != 2 {
			t.Errorf("deferred %+v, claimed %+v", second, third)
		}
		if err := s.DeleteMail(ctx, third); err != nil {
			t.Fatal(err)
		}
		if n, err := s.CountMails(ctx); n != 19 || err != nil {
			t.Errorf("%d mails, %v", n, err)
		}
	})
}

// However many nodes look at the same moment, each mail is claimed once, and none is passed over for ever.
func TestClaimMail_concurrently(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const mails = 30
		for range mails {
			if err := s.InsertMail(ctx, chat.Mail{Kind: chat.MailReset, Address: "maya", At: at}); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		var seen sync.Map
		var claimed atomic.Int64
		for range 8 {
			all.Go(func() {
				for claimed.Load() < mails {
					m, got, err := s.ClaimMail(ctx, at, at.Add(time.Minute))
					if err != nil {
						t.Error(err)
						return
					}
					if !got {
						continue
					}
					if _, twice := seen.LoadOrStore(m.ID, true); twice {
						t.Errorf("mail %d is claimed twice", m.ID)
					}
					claimed.Add(1)
				}
			})
		}
		all.Wait()
	})
}

// What is asked for while the mail server is away does not fill the disk.
func TestInsertMail_bounded(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			place := storetest.URL(t, engine)
			s := storetest.Open(t, place)
			_, err := storetest.Raw(t, place).ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
				INSERT INTO mails (id, kind, address, agent, place, created_at, due_at) SELECT i + 100000, 'reset', 'x', '', '', 1, 1 FROM n`)
			if err != nil {
				t.Fatal(err)
			}
			m := chat.Mail{Kind: chat.MailReset, Address: "maya", At: at}
			if err := s.InsertMail(t.Context(), m); err != nil {
				t.Errorf("the last one that has room: %v", err)
			}
			if err := s.InsertMail(t.Context(), m); !errors.Is(err, chat.ErrUnavailable) {
				t.Errorf("one too many: %v", err)
			}
		})
	}
}
