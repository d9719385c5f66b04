package store_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"parley/internal/store"
)

// told hands on that something was logged.
type told chan struct{}

func (t told) Write(b []byte) (int, error) {
	select {
	case t <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Between taking the lock and saying who has it there is a moment. Whoever comes then waits to hear who it is, as a migration ends soon.
func TestTakeLock_while_the_holder_has_not_said_who_it_is(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "parley.db")
	first, err := store.TakeLock(t.Context(), path, "migrate", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path+".lock", 0); err != nil {
		t.Fatal(err)
	}
	waits := make(told, 1)
	ended := make(chan error, 1)
	go func() {
		second, err := store.TakeLock(t.Context(), path, "migrate", slog.New(slog.NewTextHandler(waits, nil)))
		if err == nil {
			err = second.Release()
		}
		ended <- err
	}()
	select {
	case <-waits:
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
