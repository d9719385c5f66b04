package transfer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/internal/chat"
	"parley/internal/session"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/store/transfer"
)

var at = time.Date(2026, 11, 20, 9, 26, 0, 123e6, time.UTC)

// pairs runs a test from each engine to each.
func pairs(t *testing.T, test func(t *testing.T, from, to store.Dialect)) {
	t.Helper()
	for _, from := range []store.Dialect{store.SQLite, store.Postgres} {
		for _, to := range []store.Dialect{store.SQLite, store.Postgres} {
			t.Run(string(from)+"_to_"+string(to), func(t *testing.T) {
				t.Parallel()
				test(t, from, to)
			})
		}
	}
}

// people makes a database with something in every table. Session ids are such that languages and bytes sort them differently.
func people(t *testing.T, s *store.Store) (chat.UserID, chat.RoomID) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	maya, err := s.InsertUser(ctx, chat.User{Username: "Maya", DisplayName: "Maya Ökafor 👋", Email: "Maya@x.org", CreatedAt: at}, "hash")
	must(err)
	sessions := store.NewSessions(s, session.Policy{Idle: time.Hour, PerUser: 10})
	for _, id := range []string{"a", "B", "_c", "Ä", "b", "0"} {
		_, err := sessions.Insert(ctx, session.Session{ID: id, User: int64(maya.ID), CreatedAt: at, UsedAt: at, ExpiresAt: at.Add(time.Hour)}, "hash")
		must(err)
	}
	r, _, err := s.InsertRoom(ctx, chat.Room{Name: "Größe", Kind: chat.RoomPublic, CreatedBy: maya.ID, CreatedAt: at}, "")
	must(err)
	for i := range 25 {
		_, _, err := s.InsertMessage(ctx, chat.Message{Room: r.ID, Author: maya.ID, Body: fmt.Sprintf("\"%d\" \\ \u2028", i), ClientKey: fmt.Sprint("k", i), CreatedAt: at})
		must(err)
	}
	_, err = s.DeleteMessage(ctx, r.ID, 3, at)
	must(err)
	return maya.ID, r.ID
}

func open(t *testing.T, place string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: place})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A copy that is interrupted after any batch goes on where it was, and is refused as a database to serve until it is whole.
func TestCopy_resumes(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, from, to store.Dialect) {
		t.Helper()
		source := storetest.Open(t, storetest.URL(t, from))
		maya, room := people(t, source)
		target := open(t, storetest.URL(t, to))
		seen := map[string][]int64{}
		var runs int
		for done := false; !done; runs++ {
			if runs > 200 {
				t.Fatal("it never ends")
			}
			ctx, cancel := context.WithCancel(context.Background())
			r, err := transfer.Copy(ctx, transfer.Options{
				From: source, To: target, Source: "here", Batch: 3,
				Progress: func(table string, arrived, _ int64) { // one batch a run, then the plug is pulled
					if n := seen[table]; len(n) == 0 || n[len(n)-1] < arrived {
						seen[table] = append(n, arrived)
						cancel()
					}
				},
			})
			cancel()
			switch {
			case err == nil:
				done = true
				if !r.Resumed || r.Rows != 37 {
					t.Errorf("copied %+v", r)
				}
			case !errors.Is(err, context.Canceled):
				t.Fatal(err)
			default:
				if err := target.CheckSchema(context.Background()); !errors.Is(err, store.ErrUnfinishedCopy) {
					t.Fatalf("an unfinished copy may be served: %v", err)
				}
			}
		}
		if n := seen["messages"]; len(n) != 9 || n[8] != 25 {
			t.Errorf("messages arrived as %v: each row travels once", n)
		}
		ctx := context.Background()
		if err := errors.Join(target.CheckSchema(ctx), target.Prepare(ctx)); err != nil {
			t.Fatal(err)
		}
		if faults, err := target.Invariants(ctx); err != nil || len(faults) > 0 {
			t.Errorf("invariants: %+v, %v", faults, err)
		}
		if _, created, err := target.InsertMessage(ctx, chat.Message{Room: room, Author: maya, Body: "on", ClientKey: "on", CreatedAt: at}); err != nil || !created {
			t.Errorf("go on talking there: %v", err)
		}
		if _, err := transfer.Copy(ctx, transfer.Options{From: source, To: target, Source: "here", Restart: true}); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("into a database that is in use: %v", err)
		}
	})
}

// What changed in the source between two runs is noticed, and then only beginning anew helps; another source is refused.
func TestCopy_notices(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, from, to store.Dialect) {
		t.Helper()
		ctx := context.Background()
		source := storetest.Open(t, storetest.URL(t, from))
		_, room := people(t, source)
		target := open(t, storetest.URL(t, to))
		interrupted, cancel := context.WithCancel(ctx)
		_, err := transfer.Copy(interrupted, transfer.Options{From: source, To: target, Source: "here", Batch: 10, Progress: func(table string, arrived, _ int64) {
			if table == "messages" && arrived == 10 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := source.EditMessage(ctx, room, 1, "changed behind our back", at); err != nil {
			t.Fatal(err)
		}
		if _, err := transfer.Copy(ctx, transfer.Options{From: source, To: target, Source: "elsewhere"}); !errors.Is(err, transfer.ErrOtherSource) {
			t.Errorf("another source: %v", err)
		}
		if _, err := transfer.Copy(ctx, transfer.Options{From: source, To: target, Source: "here"}); !errors.Is(err, transfer.ErrDiffers) {
			t.Errorf("the source was written to: %v", err)
		}
		if err := target.CheckSchema(ctx); !errors.Is(err, store.ErrUnfinishedCopy) {
			t.Errorf("taken for finished: %v", err)
		}
		if r, err := transfer.Copy(ctx, transfer.Options{From: source, To: target, Source: "here", Restart: true}); err != nil || r.Resumed {
			t.Errorf("anew: %+v, %v", r, err)
		}
	})
}

// Text that only SQLite takes is refused with the row's name; nothing is silently changed.
func TestCopy_refuses_text(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ value, want string }{
		{"CAST(x'61ff' AS TEXT)", "valid UTF-8"}, {"'a' || char(0)", "NUL"}, {"x'61'", "not of its kind"}, {"1", ""},
	} {
		place := storetest.URL(t, store.SQLite)
		source := storetest.Open(t, place)
		people(t, source)
		db, err := sql.Open("sqlite", place)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(context.Background(), "UPDATE messages SET body = "+test.value+" WHERE number = 7")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
			t.Run(string(engine)+"_"+test.value, func(t *testing.T) {
				t.Parallel()
				_, err := transfer.Copy(context.Background(), transfer.Options{From: source, To: open(t, storetest.URL(t, engine)), Source: "here"})
				if test.want == "" {
					if err != nil { // SQLite itself makes text of a number in a column of text
						t.Error(err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), "table messages, row id=7: column body") || !strings.Contains(err.Error(), test.want) {
					t.Errorf("body = %s: %v", test.value, err)
				}
			})
		}
	}
}

// Every kind of column, every value at the edge of it, and a key of several columns, through both engines and back.
func TestCopy_kinds(t *testing.T) {
	t.Parallel()
	// On Postgres the key sorts as a language does, a before Z; the copy has to go by bytes on both sides all the same.
	steps := func(collation string) fstest.MapFS {
		return fstest.MapFS{"00001_kinds.sql": {Data: []byte(`-- +goose Up
CREATE TABLE things (a TEXT ` + collation + ` NOT NULL, b BIGINT NOT NULL, c BOOLEAN NOT NULL, yes BOOLEAN, number BIGINT, words TEXT, raw BYTEA, PRIMARY KEY (c, a, b));
-- +goose Down
DROP TABLE things;
`)}}
	}
	rows := [][]any{
		{"", int64(0), false, nil, nil, nil, nil},
		{"", int64(1), true, true, int64(9223372036854775807), "", []byte{}},
		{"Z", int64(-9223372036854775808), true, false, int64(-1), "\x01\x7f\ufffd\U0010ffff", []byte{0, 255, 10}},
		{"a", int64(2), true, false, int64(0), " ", []byte("x")},
		{"é", int64(3), true, nil, nil, nil, nil},
		{"\U0001F44B", int64(3), true, nil, nil, nil, nil},
	}
	ctx := context.Background()
	fresh := func(place, collation string) *store.Store {
		s, err := store.Open(ctx, store.Options{URL: place, Migrations: steps(collation)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	first := fresh(storetest.URL(t, store.SQLite), "")
	if _, err := first.MigrateUp(ctx); err != nil {
		t.Fatal(err)
	}
	tables, err := first.Tables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Load(ctx, func(l *store.Loader) error { return l.Insert(ctx, tables[0], rows) }); err != nil {
		t.Fatal(err)
	}
	second, third := fresh(storetest.URL(t, store.Postgres), `COLLATE "und-x-icu"`), fresh(storetest.URL(t, store.SQLite), "")
	for _, hop := range [][2]*store.Store{{first, second}, {second, third}} {
		if _, err := transfer.Copy(ctx, transfer.Options{From: hop[0], To: hop[1], Source: "here", Batch: 1}); err != nil {
			t.Fatal(err)
		}
	}
	var got [][]any
	err = third.Snapshot(ctx, func(n *store.Snapshot) error {
		return n.Rows(ctx, n.Tables()[0], nil, 0, func(row []any) error {
			got = append(got, append([]any{}, row...))
			return nil
		})
	})
	if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", rows) {
		t.Errorf("came back as %#v, %v", got, err)
	}
}
