package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrLocked says that another process has the right to write to a SQLite file.
var ErrLocked = errors.New("the database is in use")

// Lock is the right to write to one SQLite file. SQLite lets two servers share a file, and each would be wrong about what the other does:
// identifiers, announcements and the order of commits live in one process. So whoever writes holds a lock on a file beside the database,
// which the kernel releases even after kill -9. Whoever only reads, such as a backup, needs none.
type Lock struct{ file *os.File }

// lockSuffix is what the lock file of a database is called behind its name.
const lockSuffix = ".lock"

// lockPoll is how often a lock that a migration holds is asked for again.
const lockPoll = 100 * time.Millisecond

// untoldPolls is how often a lock is asked for again whose holder has not said yet what it is.
const untoldPolls = 50

// unknownProcess stands for a holder that has not said yet what it is.
const unknownProcess = "unknown"

// migrating is the purpose that others wait for: it ends by itself, and soon.
const migrating = "migrate"

// TakeLock takes the right to write to the SQLite file at path. Purpose is the command that wants it; others are told. While a migration
// holds the lock it waits as long as ctx lets it; any other holder is ErrLocked as soon as it is known.
func TakeLock(ctx context.Context, path, purpose string, log *slog.Logger) (*Lock, error) {
	name, err := lockName(path)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock database: %w", err)
	}
	if err := waitForLock(ctx, file, path, log); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	// For whoever is refused. That it may be out of date for a moment is harmless: the lock decides, this only explains.
	_, err = file.WriteAt([]byte(fmt.Sprintf("%-8s %d\n", purpose, os.Getpid())), 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock database: %w", err), file.Close())
	}
	return &Lock{file: file}, nil
}

func waitForLock(ctx context.Context, file *os.File, path string, log *slog.Logger) error {
	var ticks <-chan time.Time
	for polls := 0; ; polls++ {
		free, err := tryLock(file)
		if err != nil {
			return fmt.Errorf("lock database: %w", err)
		}
		if free {
			return nil
		}
		purpose, pid := lockHolder(file)
		refused := fmt.Errorf("%w: parley %s (process %s) has %s open", ErrLocked, purpose, pid, path)
		// Between taking the lock and saying so there is a moment, in which a migration is not known for what it is.
		if untold := pid == unknownProcess; purpose != migrating && (!untold || polls >= untoldPolls) {
			return refused
		}
		if ticks == nil {
			log.InfoContext(ctx, "another process has the database open; waiting to see whether it ends", slog.String("process", pid))
			t := time.NewTicker(lockPoll)
			defer t.Stop()
			ticks = t.C
		}
		select {
		case <-ticks:
		case <-ctx.Done():
			return refused
		}
	}
}

// lockHolder reads who holds the lock, as far as it has said so yet.
func lockHolder(file *os.File) (purpose, pid string) {
	buf := make([]byte, 64)
	n, _ := file.ReadAt(buf, 0) // a short file is an error and still what there is
	fields := strings.Fields(string(buf[:n]))
	if len(fields) < 2 {
		return "serve", unknownProcess
	}
	return fields[0], fields[1]
}

// lockName is the lock file's path: beside the file itself, however one got there.
func lockName(path string) (string, error) {
	file, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) { // the database is about to be made
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)+lockSuffix), err
	}
	return file + lockSuffix, err
}

// Release gives the right back. The file stays: removing it could take it from under somebody who has opened it already.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
