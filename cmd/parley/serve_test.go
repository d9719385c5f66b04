package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestServe_refuses_faulty_settings(t *testing.T) {
	t.Parallel()
	p := start(t, settings(t.TempDir(), "PARLEY_ENV=production", "PARLEY_HTTP_ADDR=nowhere"), "serve")
	p.exits(t, 78, "PARLEY_HTTP_ADDR", "PARLEY_DATABASE_URL: production needs it", "PARLEY_AUTH_SIGNING_KEYS: production needs it")
}

// Two servers on one SQLite file hand out the same identifiers. The lock ends with the process that holds it, however that ends.
func TestServe_has_its_file_alone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, settings(dir), "serve")
	first.serving(t)
	refusal := "parley serve (process " + strconv.Itoa(first.cmd.Process.Pid) + ")"

	start(t, settings(dir), "serve").exits(t, 1, refusal, filepath.Join(dir, "parley.db"), "stop that one first")
	start(t, settings(dir), "migrate", "up").exits(t, 1, refusal)
	start(t, settings(dir), "migrate", "status").exits(t, 0, "applied")
	start(t, settings(dir), "backup", filepath.Join(dir, "backup")).exits(t, 0)

	first.kill(t)
	start(t, settings(dir), "serve").serving(t)
}

// The lock is on the file and not on its name.
func TestServe_knows_its_file_by_another_name(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	start(t, settings(dir), "serve").serving(t)
	if err := os.Symlink(filepath.Join(dir, "parley.db"), filepath.Join(other, "parley.db")); err != nil {
		t.Fatal(err)
	}
	start(t, settings(other), "serve").exits(t, 1, "parley serve (process")
}

func TestServe_refuses_a_damaged_file(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, file string, noise *rand.ChaCha8){
		"no_database": func(t *testing.T, file string, _ *rand.ChaCha8) {
			t.Helper()
			write(t, file, []byte(strings.Repeat("This was a photograph. ", 1000)))
		},
		"one_page": func(t *testing.T, file string, noise *rand.ChaCha8) {
			t.Helper()
			data := migrated(t, file)
			_, _ = noise.Read(data[2*4096 : 3*4096])
			write(t, file, data)
		},
		"the_header": func(t *testing.T, file string, noise *rand.ChaCha8) {
			t.Helper()
			data := migrated(t, file)
			_, _ = noise.Read(data[:64])
			write(t, file, data)
		},
		"cut_short": func(t *testing.T, file string, _ *rand.ChaCha8) {
			t.Helper()
			data := migrated(t, file)
			write(t, file, data[:len(data)/2])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "parley.db")
			damage(t, file, rand.NewChaCha8([32]byte{})) // always the same: of all noise there is, some makes a sound page
			before := read(t, file)
			start(t, settings(dir), "serve").exits(t, 1, "the database is damaged", file, "parley restore FILE")
			if after := read(t, file); !bytes.Equal(before, after) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

// migrated makes a database and returns its bytes.
func migrated(t *testing.T, file string) []byte {
	t.Helper()
	start(t, settings(filepath.Dir(file)), "migrate", "up").exits(t, 0, "applied")
	return read(t, file)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
