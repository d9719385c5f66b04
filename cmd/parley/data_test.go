package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// engines are those that a test of the data runs on.
var engines = []store.Dialect{store.SQLite, store.Postgres}

// installation is a folder and a database, empty at first, and the settings that name them.
type installation struct {
	engine  store.Dialect
	place   string // what the store opens
	environ []string
}

func newInstallation(t *testing.T, engine store.Dialect) *installation {
	t.Helper()
	dir := t.TempDir()
	i := &installation{engine: engine, place: filepath.Join(dir, "parley.db"), environ: settings(dir)}
	if engine == store.Postgres {
		i.place = storetest.URL(t, engine)
		i.environ = append(i.environ, "PARLEY_DATABASE_URL="+i.place)
	}
	return i
}

// url is what the command line calls the database.
func (i *installation) url() string {
	if i.engine == store.SQLite {
		return "sqlite:" + i.place
	}
	return i.place
}

// parley runs a subcommand and returns what it printed to standard output; it must end with the code.
func (i *installation) parley(t *testing.T, code int, stdin io.Reader, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	got := run(context.Background(), args, env{environ: i.environ, stdin: stdin, stdout: &stdout, stderr: &stderr})
	if got != code {
		t.Errorf("parley %s: code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// fill migrates the database and lets somebody say something.
func (i *installation) fill(t *testing.T) {
	t.Helper()
	i.parley(t, 0, nil, "migrate", "up")
	s, err := store.Open(context.Background(), store.Options{URL: i.place})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, at := context.Background(), time.Date(2026, 11, 20, 9, 26, 0, 0, time.UTC)
	if err := s.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	u, err := s.InsertUser(ctx, chat.User{Username: "maya", DisplayName: "Maya", CreatedAt: at}, "hash")
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := s.InsertRoom(ctx, chat.Room{Name: "Größe", Kind: chat.RoomPublic, CreatedBy: u.ID, CreatedAt: at}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.InsertMessage(ctx, chat.Message{Room: r.ID, Author: u.ID, Body: "hello 👋", ClientKey: "k", CreatedAt: at}); err != nil {
		t.Fatal(err)
	}
}

// execute changes the database behind everybody's back.
func (i *installation) execute(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open(map[store.Dialect]string{store.SQLite: "sqlite", store.Postgres: "pgx"}[i.engine], i.place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			from := newInstallation(t, engine)
			dir := t.TempDir()
			file := filepath.Join(dir, "parley.backup")
			if engine == store.SQLite {
				from.parley(t, 1, nil, "backup", file)
			}
			from.fill(t)
			from.parley(t, 0, nil, "backup", file)
			from.parley(t, 1, nil, "backup", file)
			from.parley(t, 0, nil, "backup", "--force", file)
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("the folder holds %v, %v", entries, err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range engines {
				target := newInstallation(t, to)
				if out := target.parley(t, 0, nil, "restore", "--check", file); !strings.Contains(out, "messages: 1 rows") {
					t.Errorf("check says %q", out)
				}
				cut := filepath.Join(t.TempDir(), "cut")
				if err := os.WriteFile(cut, data[:len(data)-10], 0o600); err != nil {
					t.Fatal(err)
				}
				target.parley(t, 1, nil, "restore", cut)
				if _, err := os.Stat(target.place); to == store.SQLite && err == nil {
					t.Error("a damaged backup made a database")
				}
				target.parley(t, 0, bytes.NewReader(data), "restore", "-")
				target.parley(t, 1, nil, "restore", file)
				if again := target.parley(t, 0, nil, "backup", "-"); again == "" {
					t.Error("nothing on standard output")
				}
				target.parley(t, 0, nil, "migrate", "up")
			}
		})
	}
	broken := &installation{environ: []string{"PARLEY_NONSENSE=1"}}
	broken.parley(t, 78, nil, "backup", filepath.Join(t.TempDir(), "x"))
}

func TestStoreCopy(t *testing.T) {
	t.Parallel()
	for _, from := range engines {
		for _, to := range engines {
			t.Run(string(from)+"_to_"+string(to), func(t *testing.T) {
				t.Parallel()
				source, target := newInstallation(t, from), newInstallation(t, to)
				if from == store.SQLite {
					source.parley(t, 1, nil, "store", "copy", "--from", source.url(), "--to", target.url())
				}
				source.fill(t)
				if out := source.parley(t, 0, nil, "store", "copy", "--from", source.url(), "--to", target.url()); !strings.Contains(out, "messages: 1 rows") {
					t.Errorf("it says %q", out)
				}
				source.parley(t, 1, nil, "store", "copy", "--from", source.url(), "--to", target.url())
				source.parley(t, 1, nil, "store", "copy", "--from", "somewhere", "--to", target.url())
				back := newInstallation(t, from)
				target.parley(t, 0, nil, "store", "copy", "--from", target.url(), "--to", back.url())
			})
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, store.SQLite)
	i.parley(t, 1, nil, "doctor")
	i.fill(t)
	i.parley(t, 0, nil, "doctor")
	i.execute(t, "UPDATE rooms SET member_count = 9")
	if out := i.parley(t, 1, nil, "doctor"); !strings.Contains(out, "fault") || !strings.Contains(out, "member_count") {
		t.Errorf("it says %q", out)
	}
	var report struct {
		OK       bool
		Findings []struct{ Check, Level, Detail string }
	}
	if err := json.Unmarshal([]byte(i.parley(t, 1, nil, "doctor", "--json")), &report); err != nil || report.OK || len(report.Findings) < 8 {
		t.Errorf("%+v, %v", report, err)
	}
	i.environ = append(i.environ, "PARLEY_NONSENSE=1")
	i.parley(t, 78, nil, "doctor")
}

func TestUpgradeRehearse(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t, engine)
			i.fill(t)
			if out := i.parley(t, 0, nil, "upgrade", "rehearse"); !strings.Contains(out, "nothing to rehearse") {
				t.Errorf("it says %q", out)
			}
			if out := i.parley(t, 0, nil, "upgrade", "rehearse", "--from", "0"); !strings.Contains(out, "everything holds") {
				t.Errorf("it says %q", out)
			}
			i.execute(t, "UPDATE rooms SET member_count = 9")
			if out := i.parley(t, 1, nil, "upgrade", "rehearse", "--from", "0", "--json"); !strings.Contains(out, `"ok": false`) || !strings.Contains(out, "member_count") {
				t.Errorf("it says %q", out)
			}
			i.parley(t, 1, nil, "upgrade", "rehearse", "--from", "99999")
		})
	}
}
