package store_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"parley/internal/store"
)

// Other users of the machine read neither what people wrote nor what proves who they are, whatever the umask; what its host has allowed stays allowed.
func TestOpen_makes_a_private_file(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED ON WINDOWS: who may read a file is said by lists there, which a new file inherits from its folder")
	}
	open := func(path string) {
		s, err := store.Open(context.Background(), store.Options{URL: path})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		if _, err := s.MigrateUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) < 2 {
			t.Fatalf("the files are %v: %v", files, err)
		}
		for _, file := range files {
			if mode := modeOf(t, file); mode&^modeOf(t, path) != 0 {
				t.Errorf("%s is %v", file, mode)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "parley.db")
	open(path)
	if mode := modeOf(t, path); mode != 0o600 {
		t.Errorf("a new file is %v", mode)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	open(path)
	if mode := modeOf(t, path); mode != 0o640 {
		t.Errorf("a file that was there became %v", mode)
	}
}

func modeOf(t *testing.T, file string) os.FileMode {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
