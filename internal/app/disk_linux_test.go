package app_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"parley/internal/contract"
	"parley/internal/store/storetest"
)

// smallDisk is a disk of a test's own that can be filled. Mounting one takes root.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m")
	if err != nil && os.Getuid() == 0 && os.Getenv("CI") == "true" {
		t.Fatalf("nothing would be tested on a full disk: %v", err)
	}
	if err != nil {
		t.Skipf("no disk could be mounted (%v): NOT TESTED ON A FULL DISK (run the tests as root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes what is left of a disk, to the last byte.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, zeros{})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// The disk is full: people are told so with 507 and when to try again, reading goes on, nothing is damaged or lost, and when there is space
// the server goes on without a restart.
func TestOutage_of_the_disk(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	o := newOutage(t, filepath.Join(dir, "parley.db"))
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	refused := 0
	for i := range 200 {
		key := fmt.Sprint("full-", i)
		r := o.maya.Do(http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", o.room),
			map[string]string{"body": strings.Repeat("x", 8000), "client_key": key})
		if r.Status == http.StatusCreated { // into space that the file or its log had
			o.sent = append(o.sent, key)
			var m contract.Message
			r.Decode(&m)
			o.acked[key] = m
			continue
		}
		r.WantProblem(http.StatusInsufficientStorage, "disk_full")
		if r.Header.Get("Retry-After") == "" {
			t.Errorf("there is no Retry-After:\n%s", r.Body)
		}
		if refused++; refused == 5 {
			break
		}
	}
	if refused < 5 {
		t.Error("the disk was never full")
	}
	if n := len(o.maya.History(o.room, "?limit=200").Items); n != len(o.sent) {
		t.Errorf("while the disk is full the history has %d messages of %d", n, len(o.sent))
	}
	o.maya.Do(http.MethodGet, "/api/v1/rooms", nil).Want(http.StatusOK)
	if r := ready(t, o.server); r.code != http.StatusOK {
		t.Errorf("a node that can still be read from is ready: %+v", r)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	o.account(t)
	var found string
	if err := storetest.Raw(t, filepath.Join(dir, "parley.db")).QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&found); err != nil || found != "ok" {
		t.Errorf("the file is %q, %v", found, err)
	}
}
