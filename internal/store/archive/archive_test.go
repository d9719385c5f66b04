package archive_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/internal/chat"
	"parley/internal/session"
	"parley/internal/store"
	"parley/internal/store/archive"
	"parley/internal/store/storetest"
)

var at = time.Date(2026, 11, 20, 9, 26, 0, 123e6, time.UTC)

var engines = []store.Dialect{store.SQLite, store.Postgres}

// afresh opens a database and takes away everything that an earlier drawing left in it, the schema too.
func afresh(r *rapid.T, place string) *store.Store {
	s, err := store.Open(context.Background(), store.Options{URL: place})
	if err != nil {
		r.Fatal(err)
	}
	if _, err := s.MigrateTo(context.Background(), 0); err != nil {
		r.Fatal(err)
	}
	return s
}

func backup(tb testing.TB, s *store.Store) []byte {
	tb.Helper()
	var b bytes.Buffer
	if _, err := archive.Backup(context.Background(), s, &b, archive.Options{Parley: "test", Now: at}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func restore(s *store.Store, file []byte) error {
	ctx := context.Background()
	summary, err := archive.Verify(ctx, bytes.NewReader(file))
	if err == nil {
		_, err = archive.Restore(ctx, s, bytes.NewReader(file), summary.Header)
	}
	return err
}

// contents digests every table that comes back from a backup as it was.
func contents(tb testing.TB, s *store.Store) map[string]store.Digest {
	tb.Helper()
	ctx := context.Background()
	all := map[string]store.Digest{}
	err := s.Snapshot(ctx, func(n *store.Snapshot) error {
		for _, t := range n.Tables() {
			d, err := n.Digest(ctx, t)
			if err != nil {
				return err
			}
			all[t.Name] = d
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	delete(all, "sessions")
	delete(all, "ended_sessions")
	delete(all, "counters") // a restore raises them
	return all
}

// fails is what the helpers need of a test and of a property.
type fails interface {
	Helper()
	Fatal(args ...any)
}

// fill does what people do, as drawn, through the store.
func fill(t fails, draw func(label string, most int) int, text func(label string) string, s *store.Store) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var users []chat.UserID
	for i := range 1 + draw("users", 4) {
		u := chat.User{Username: "u" + string(rune('a'+i)), DisplayName: text("display name"), CreatedAt: at}
		if i%2 == 0 {
			u.Email = u.Username + "@x.org"
		}
		u, err := s.InsertUser(ctx, u, "h"+text("hash"))
		must(err)
		users = append(users, u.ID)
		_, err = store.NewSessions(s, session.Policy{Idle: time.Hour, PerUser: 1}).Insert(ctx, session.Session{
			ID: u.Username, User: int64(u.ID), CreatedAt: at, UsedAt: at, ExpiresAt: at.Add(time.Hour),
		}, "hash")
		must(err)
	}
	for i := range draw("invites", 2) { // by the first, who owns the server
		hash := "hash" + string(rune('a'+i))
		_, err := s.InsertInvite(ctx, chat.Invite{
			Role: chat.ServerAdmin, Note: text("note"), CreatedBy: users[0], CreatedAt: at, ExpiresAt: at.Add(time.Hour), MaxUses: 2,
		}, hash)
		must(err)
		_, err = s.AdmitUser(ctx, chat.User{Username: "guest" + string(rune('a'+i)), DisplayName: "x", CreatedAt: at}, "hash", chat.Admission{Policy: chat.SignUpInvite, Invite: hash, At: at})
		must(err)
	}
	keys := 0
	for i := range draw("rooms", 3) {
		owner := users[draw("owner", len(users)-1)]
		r, _, err := s.InsertRoom(ctx, chat.Room{
			Name: "r" + string(rune('a'+i)), Kind: []chat.RoomKind{chat.RoomPublic, chat.RoomPrivate}[draw("kind", 1)],
			Topic: text("topic"), CreatedBy: owner, CreatedAt: at,
		}, []string{"", "key" + string(rune('a'+i))}[draw("keyed", 1)])
		must(err)
		for _, u := range users {
			_, _, err := s.InsertMember(ctx, r.ID, u, chat.RoleMember, at)
			must(err)
		}
		for range draw("messages", 6) {
			keys++
			m, _, err := s.InsertMessage(ctx, chat.Message{
				Room: r.ID, Author: users[draw("author", len(users)-1)], Body: text("body"), ClientKey: "k" + strings.Repeat("x", keys), CreatedAt: at,
			})
			must(err)
			switch draw("then", 3) {
			case 0:
				_, err = s.EditMessage(ctx, r.ID, m.Number, text("edit"), at)
			case 1:
				_, err = s.DeleteMessage(ctx, r.ID, m.Number, at)
			case 2:
				_, _, err = s.MarkRead(ctx, r.ID, owner, m.Number)
			}
			must(err)
		}
	}
}

// restore(backup(x)) = x on each engine and across them; without the sessions, which end.
func TestRestore(t *testing.T) {
	t.Parallel()
	for _, from := range engines {
		for _, to := range engines {
			t.Run(string(from)+"_to_"+string(to), func(t *testing.T) {
				t.Parallel()
				places := []string{storetest.URL(t, from), storetest.URL(t, to)}
				rapid.Check(t, func(r *rapid.T) {
					source, target := afresh(r, places[0]), afresh(r, places[1])
					defer func() { r.Log(source.Close(), target.Close()) }()
					if _, err := source.MigrateUp(context.Background()); err != nil {
						r.Fatal(err)
					}
					if err := source.Prepare(context.Background()); err != nil {
						r.Fatal(err)
					}
					legal := rapid.StringOf(rapid.RuneFrom(nil, &unicodeAll).Filter(func(c rune) bool { return c != 0 }))
					fill(r, func(label string, most int) int { return rapid.IntRange(0, most).Draw(r, label) },
						func(label string) string { return legal.Draw(r, label) }, source)
					file := backup(t, source)
					if err := restore(target, file); err != nil {
						r.Fatal(err)
					}
					if want, got := contents(t, source), contents(t, target); !maps.Equal(want, got) {
						r.Fatalf("restored %+v, want %+v", got, want)
					}
					if err := target.CheckSchema(context.Background()); err != nil {
						r.Error(err)
					}
					if faults, err := target.Invariants(context.Background()); err != nil || len(faults) > 0 {
						r.Errorf("invariants: %+v, %v", faults, err)
					}
				})
			})
		}
	}
}

// Whoever came after the backup is gone, but a session of theirs in Redis, or an access token, may live on and names them by their number. So nobody
// gets it again.
func TestRestore_gives_no_account_the_number_of_another(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			insert := func(s *store.Store, name string) chat.UserID {
				t.Helper()
				u, err := s.InsertUser(ctx, chat.User{Username: name, DisplayName: name, CreatedAt: at}, "hash")
				if err != nil {
					t.Fatal(err)
				}
				return u.ID
			}
			open := func(place string) *store.Store {
				t.Helper()
				s, err := store.Open(ctx, store.Options{URL: place})
				if err == nil {
					_, err = s.MigrateUp(ctx)
				}
				if err == nil {
					err = s.Prepare(ctx)
				}
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			place := storetest.URL(t, engine)
			source := open(place)
			insert(source, "maya")
			file := backup(t, source)
			after := map[chat.UserID]bool{}
			for i := range 5 { // each start takes a block of numbers
				if err := source.Close(); err != nil {
					t.Fatal(err)
				}
				source = open(place)
				after[insert(source, "late"+string(rune('a'+i)))] = true
			}
			target, err := store.Open(ctx, store.Options{URL: storetest.URL(t, engine)})
			if err != nil {
				t.Fatal(err)
			}
			if err := restore(target, file); err != nil {
				t.Fatal(err)
			}
			if err := target.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if id := insert(target, "theo"); after[id] {
				t.Errorf("theo is number %d, as somebody was who came after the backup", id)
			}
			if err := errors.Join(source.Close(), target.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is acknowledged before a backup starts is in it, numbers have no gap, and nobody has to stop writing.
func TestBackup_while_posting(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		maya, err := s.InsertUser(ctx, chat.User{Username: "maya", DisplayName: "Maya", CreatedAt: at}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		var rooms []chat.RoomID
		for _, name := range []string{"a", "b"} {
			r, _, err := s.InsertRoom(ctx, chat.Room{Name: name, Kind: chat.RoomPublic, CreatedBy: maya.ID, CreatedAt: at}, "")
			if err != nil {
				t.Fatal(err)
			}
			rooms = append(rooms, r.ID)
		}
		stop, posting := make(chan struct{}), make(chan struct{}, 1)
		var mu sync.Mutex
		acknowledged := map[chat.RoomID]int64{}
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Go(func() {
				for j := 0; ; j++ {
					select {
					case <-stop:
						return
					default:
					}
					m, _, err := s.InsertMessage(ctx, chat.Message{
						Room: rooms[j%2], Author: maya.ID, Body: strings.Repeat("x", 500), ClientKey: strings.Repeat("k", i+1) + time.Duration(j).String(), CreatedAt: at,
					})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged[m.Room] = max(acknowledged[m.Room], m.Number)
					mu.Unlock()
					select {
					case posting <- struct{}{}:
					default:
					}
				}
			})
		}
		<-posting
		mu.Lock()
		before := maps.Clone(acknowledged)
		mu.Unlock()
		var file bytes.Buffer
		_, err = archive.Backup(ctx, s, &file, archive.Options{Now: at, Progress: func(archive.TableSummary) {
			for range 3 { // between any two tables people go on talking: the first of these may be of before, the others are new
				<-posting
			}
		}})
		if err != nil {
			t.Error(err)
		}
		close(stop)
		writers.Wait()
		target := storetest.Open(t, storetest.URL(t, store.SQLite))
		if err := restore(target, file.Bytes()); err != nil {
			t.Fatal(err)
		}
		if faults, err := target.Invariants(ctx); err != nil || len(faults) > 0 {
			t.Errorf("invariants: %+v, %v", faults, err)
		}
		for _, room := range rooms {
			r, err := target.RoomByID(ctx, room)
			if err != nil || r.LastNumber < before[room] {
				t.Errorf("room %d has %d messages, %v; %d were acknowledged before the backup", room, r.LastNumber, err, before[room])
			}
		}
		// Identifiers go on where they were: none is given twice.
		if _, created, err := target.InsertMessage(ctx, chat.Message{Room: rooms[0], Author: maya.ID, Body: "after", ClientKey: "after", CreatedAt: at}); err != nil || !created {
			t.Errorf("post after the restore: %v", err)
		}
	})
}

// A file that is cut off or altered anywhere is refused, or what it holds is unaltered (some bits of gzip's own header mean nothing).
func TestVerify_refuses_damage(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.URL(t, store.SQLite))
	fill(t, func(_ string, most int) int { return most }, func(label string) string { return label }, s)
	file := backup(t, s)
	want, err := archive.Verify(context.Background(), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for n := range file {
		if _, err := archive.Verify(context.Background(), bytes.NewReader(file[:n])); !errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrForeign) {
			t.Fatalf("cut off after %d bytes of %d: %v", n, len(file), err)
		}
	}
	for n := range file {
		flipped := slices.Clone(file)
		flipped[n] ^= 1 << (n % 8)
		got, err := archive.Verify(context.Background(), bytes.NewReader(flipped))
		switch {
		// A flip may make the format's version another digit, and that is read before any checksum.
		case err != nil && !errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrForeign) && !errors.Is(err, archive.ErrNewer):
			t.Errorf("byte %d flipped: %v is of no kind", n, err)
		case err == nil && !slices.Equal(got.Tables, want.Tables):
			t.Errorf("byte %d flipped: accepted, and it holds something else", n)
		}
	}
	if _, err := archive.Verify(context.Background(), bytes.NewReader(append(slices.Clone(file), 0))); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("something after the end: %v", err)
	}
}

// lines takes a backup apart, lets change work on it, and puts it together again with valid checksums of gzip.
func lines(t *testing.T, file []byte, change func([]string) []string) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = io.WriteString(w, strings.Join(change(strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")), ""))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whatever is wrong with a file, the database it was meant for stays as it was.
func TestRestore_refuses(t *testing.T) {
	t.Parallel()
	replace := func(from, to string) func([]string) []string {
		return func(l []string) []string {
			return strings.SplitAfter(strings.Replace(strings.Join(l, ""), from, to, 1), "\n")
		}
	}
	tests := []struct {
		name   string
		change func([]string) []string
		want   error
	}{
		{"nothing", func([]string) []string { return nil }, archive.ErrDamaged},
		{"foreign_text", func([]string) []string { return []string{"hello\n"} }, archive.ErrForeign},
		{"foreign_json", replace(`"parley-backup"`, `"other"`), archive.ErrForeign},
		{"newer_format", replace(`"version":1`, `"version":2`), archive.ErrNewer},
		{"newer_schema", func(l []string) []string { return sum(replace(`"schema":`, `"schema":9`)(l)) }, archive.ErrNewer},
		{"changed_text", replace("display name", "display game"), archive.ErrDamaged},
		{"changed_header", replace(`"parley":"test"`, `"parley":"best"`), archive.ErrDamaged},
		{"changed_text_and_sum", func(l []string) []string { return sum(replace("display name", "display game")(l)) }, archive.ErrDamaged},
		{"row_removed", func(l []string) []string { return slices.Delete(l, 1, 2) }, archive.ErrDamaged},
		{"rows_swapped", func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }, archive.ErrDamaged},
		{"end_removed", func(l []string) []string { return l[:len(l)-1] }, archive.ErrDamaged},
		{"more_after_the_end", func(l []string) []string { return append(l, "\n{}\n") }, archive.ErrDamaged},
		{"value_of_another_kind", replace(`["messages",`, `[5,`), archive.ErrDamaged},
	}
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			source := storetest.Open(t, storetest.URL(t, store.SQLite))
			fill(t, func(_ string, most int) int { return most }, func(label string) string { return label }, source)
			file := backup(t, source)
			for _, test := range tests {
				target := storetest.Open(t, storetest.URL(t, engine))
				if err := restore(target, lines(t, file, test.change)); !errors.Is(err, test.want) {
					t.Errorf("%s: %v, want %v", test.name, err, test.want)
				}
				for table, d := range contents(t, target) {
					if d.Rows > 0 {
						t.Errorf("%s: left %d rows in %s", test.name, d.Rows, table)
					}
				}
			}
			full := storetest.Open(t, storetest.URL(t, engine))
			fill(t, func(string, int) int { return 0 }, func(string) string { return "x" }, full)
			// Not even the schema is touched: an older backup would otherwise take it, and the rows in it, back first.
			before, outline := contents(t, full), outlineOf(t, full)
			older := lines(t, file, func(l []string) []string {
				return sum(strings.SplitAfter(schemaLevel.ReplaceAllString(strings.Join(l, ""), `"schema":0`), "\n"))
			})
			if err := restore(full, older); !errors.Is(err, store.ErrNotEmpty) || !maps.Equal(before, contents(t, full)) || !maps.Equal(outline, outlineOf(t, full)) {
				t.Errorf("an older backup into a database that is in use: %v", err)
			}
			if err := restore(full, file); !errors.Is(err, store.ErrNotEmpty) || !maps.Equal(before, contents(t, full)) {
				t.Errorf("into a database that is in use: %v", err)
			}
		})
	}
}

var schemaLevel = regexp.MustCompile(`"schema":\d+`)

func outlineOf(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	outline, err := s.Outline(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return outline
}
