package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Raw opens the database of a place beside the Store: for what no Store offers, such as EXPLAIN, loading a million rows, and the bare
// statements that a measurement is compared with. It is closed with the test.
func Raw(tb testing.TB, place string) *sql.DB {
	tb.Helper()
	driver, source := "pgx", place
	if !strings.HasPrefix(place, "postgres") {
		driver = "sqlite"
		source = "file:" + place + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
			"&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=cache_size(-65536)&_txlock=immediate"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	if driver == "sqlite" {
		db.SetMaxOpenConns(1)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Meter reads the processor time that this process and the database of a place have used so far. Of a Postgres that runs elsewhere, or
// where there is no /proc, it sees nothing: then it counts this process alone.
type Meter struct{ postmaster string }

// NewMeter makes a Meter.
func NewMeter(tb testing.TB, place string) Meter {
	tb.Helper()
	if !strings.HasPrefix(place, "postgres") {
		return Meter{}
	}
	var backend string
	if err := Raw(tb, place).QueryRowContext(context.Background(), "SELECT CAST(pg_backend_pid() AS text)").Scan(&backend); err != nil {
		tb.Fatal(err)
	}
	stat, err := processStat(backend)
	if err != nil {
		tb.Logf("the processor time of Postgres is not counted: %v", err)
		return Meter{}
	}
	return Meter{postmaster: stat.parent}
}

// Used returns the processor time used since some fixed moment.
func (m Meter) Used() time.Duration {
	used := ownTime()
	if m.postmaster == "" {
		return used
	}
	// The server and its children; of those that ended the server keeps the sum.
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range paths {
		s, err := processStat(filepath.Base(p))
		switch {
		case err != nil:
		case filepath.Base(p) == m.postmaster:
			used += s.own + s.ended
		case s.parent == m.postmaster:
			used += s.own
		}
	}
	return used
}

type process struct {
	parent     string
	own, ended time.Duration
}

// processStat reads /proc/PID/stat. The second field is a name in parentheses that may hold anything; the rest are numbers.
func processStat(pid string) (process, error) {
	data, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return process{}, err
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 15 {
		return process{}, fmt.Errorf("/proc/%s/stat has %d fields", pid, len(fields))
	}
	ticks := func(i int) time.Duration {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return time.Duration(n) * 10 * time.Millisecond // USER_HZ is 100 on Linux
	}
	return process{parent: fields[1], own: ticks(11) + ticks(12), ended: ticks(13) + ticks(14)}, nil
}
