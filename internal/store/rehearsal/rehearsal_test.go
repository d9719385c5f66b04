package rehearsal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/migrations"
	"parley/internal/store/rehearsal"
	"parley/internal/store/storetest"
)

// with adds one step, 99998, to those of the binary.
func with(t *testing.T, engine store.Dialect, up, down string) fs.FS {
	t.Helper()
	own, err := migrations.FS(string(engine))
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(own, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	steps := fstest.MapFS{"99998_planted.sql": {Data: []byte("-- +goose Up\n" + up + "\n-- +goose Down\n" + down + "\n")}}
	for _, name := range names {
		data, err := fs.ReadFile(own, name)
		if err != nil {
			t.Fatal(err)
		}
		steps[name] = &fstest.MapFile{Data: data}
	}
	return steps
}

// open makes a database with some people in it at the binary's level, and opens it with other steps.
func open(t *testing.T, place string, steps fs.FS) *store.Store {
	t.Helper()
	ctx := context.Background()
	s := storetest.Open(t, place)
	at := time.Date(2026, 11, 20, 9, 26, 0, 0, time.UTC)
	maya, err := s.InsertUser(ctx, chat.User{Username: "maya", DisplayName: "Maya", CreatedAt: at}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := s.InsertRoom(ctx, chat.Room{Name: "r", Kind: chat.RoomPublic, CreatedBy: maya.ID, CreatedAt: at}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c"} {
		if _, _, err := s.InsertMessage(ctx, chat.Message{Room: r.ID, Author: maya.ID, Body: key, ClientKey: key, CreatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	again, err := store.Open(ctx, store.Options{URL: place, Migrations: steps})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
	return again
}

// leftBehind names scratch databases that are still there.
func leftBehind(t *testing.T, place string) []string {
	t.Helper()
	if strings.HasPrefix(place, "postgres") {
		return nil // there, Drop says when it cannot
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(place), "*.rehearsal-*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// Each planted step is rehearsed as if the next release had it.
func TestRehearse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, up, down string
		problem        string // part of the one problem; empty for none
		lock           string // on Postgres, the strongest lock on messages
	}{
		{"a_column", "ALTER TABLE messages ADD COLUMN pinned_at BIGINT;", "ALTER TABLE messages DROP COLUMN pinned_at;", "", "AccessExclusiveLock"},
		{"an_index", "CREATE INDEX messages_x ON messages (created_at);", "DROP INDEX messages_x;", "", "ShareLock"},
		{"a_table", "CREATE TABLE pins (id BIGINT PRIMARY KEY);", "DROP TABLE pins;", "", ""},
		{"fails", "ALTER TABLE nowhere ADD COLUMN x BIGINT;", "", "99998_planted.sql", ""},
		{"fails_on_the_way_back", "CREATE TABLE pins (id BIGINT PRIMARY KEY);", "DROP TABLE nowhere;", "99998_planted.sql", ""},
		{"fails_on_these_rows", "CREATE UNIQUE INDEX messages_x ON messages (author_id);", "DROP INDEX messages_x;", "99998_planted.sql", ""},
		{"way_back_forgets_a_table", "CREATE TABLE pins (id BIGINT PRIMARY KEY); CREATE TABLE more (id BIGINT PRIMARY KEY);", "DROP TABLE pins;", "table", ""},
		{"way_back_loses_rows", "UPDATE messages SET edited_at = NULL;", "DELETE FROM messages WHERE number = 3;", "other rows in table messages: 3 before, 2 now", ""},
		{"changes_rows_for_good", "UPDATE messages SET body = 'x';", "SELECT 1;", "other rows in table messages: 3 before, 3 now", ""},
		{"breaks_a_rule", "UPDATE rooms SET member_count = 9;", "UPDATE rooms SET member_count = 1;", "after the steps, member_count", ""},
	}
	for _, test := range tests {
		for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
			t.Run(test.name+"_"+string(engine), func(t *testing.T) {
				t.Parallel()
				place := storetest.URL(t, engine)
				s := open(t, place, with(t, engine, test.up, test.down))
				before, err := s.Outline(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				r, err := rehearsal.Run(context.Background(), rehearsal.Options{Store: s, From: rehearsal.NoLevel, Clock: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case test.problem == "" && len(r.Problems) > 0:
					t.Errorf("problems: %q", r.Problems)
				case test.problem != "" && !slices.ContainsFunc(r.Problems, func(p string) bool { return strings.Contains(p, test.problem) }):
					t.Errorf("want a problem with %q, got %q", test.problem, r.Problems)
				}
				if test.problem == "" && (len(r.Up) != 1 || len(r.Down) != 1 || r.Up[0].Version != 99998) {
					t.Errorf("took the steps %+v up and %+v down", r.Up, r.Down)
				}
				if engine == store.Postgres && test.lock != "" {
					if locks := r.Up[0].Locks; len(locks) == 0 || locks[0].Relation != "messages" || locks[0].Mode != test.lock {
						t.Errorf("locks: %+v, want %s on messages first", locks, test.lock)
					}
				}
				if left := leftBehind(t, place); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
				after, err := s.Outline(context.Background())
				if err != nil || len(after) != len(before) {
					t.Errorf("the real schema has %d things, had %d, %v", len(after), len(before), err)
				}
			})
		}
	}
}

// What is there already can be rehearsed too, from any level; with nothing pending there is nothing to do.
func TestRehearse_from(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		latest, err := s.LatestLevel()
		if err != nil {
			t.Fatal(err)
		}
		for from := range latest {
			r, err := rehearsal.Run(ctx, rehearsal.Options{Store: s, From: from, Clock: time.Now})
			if err != nil || len(r.Problems) > 0 || len(r.Up) != len(r.Down) || len(r.Back) != len(r.Up) {
				t.Errorf("from %d: %+v, %v", from, r, err)
			}
		}
		if r, err := rehearsal.Run(ctx, rehearsal.Options{Store: s, From: rehearsal.NoLevel, Clock: time.Now}); err != nil || len(r.Up) > 0 || len(r.Problems) > 0 {
			t.Errorf("nothing pending: %+v, %v", r, err)
		}
		if _, err := rehearsal.Run(ctx, rehearsal.Options{Store: s, From: latest + 1, Clock: time.Now}); err == nil {
			t.Error("from a level that the database does not have")
		}
	})
}

// The copy is nobody else's to read, holds what the original holds, and is gone afterwards.
func TestScratch(t *testing.T) {
	t.Parallel()
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			s := open(t, storetest.URL(t, engine), nil)
			x, err := s.Scratch(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if engine == store.SQLite {
				if info, err := os.Stat(x.Name); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%v, %v", info, err)
				}
			}
			if size, err := x.Size(ctx); err != nil || size == 0 {
				t.Errorf("size %d, %v", size, err)
			}
			if err := x.Drop(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(x.Name); engine == store.SQLite && err == nil {
				t.Error("still there")
			}
		})
	}
}
