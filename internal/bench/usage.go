package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// meter reads what processes have used, from Linux's /proc. Elsewhere, and for no process, it reads nothing.
type meter struct {
	servers []int
	helpers []int // a database's first process, or Redis: all that they have started counts
}

// usage is processor time so far. known says that there is something to read it from.
type usage struct {
	known                      bool
	server, helpers, generator time.Duration
}

func (m meter) read() usage {
	u := usage{known: len(m.servers) > 0}
	for _, pid := range m.servers {
		s, ok := statOf(pid)
		u.server += s.own
		u.known = u.known && ok
	}
	u.helpers = families(m.helpers)
	if s, ok := statOf(os.Getpid()); ok {
		u.generator = s.own
	}
	return u
}

func (u usage) minus(o usage) usage {
	return usage{u.known && o.known, u.server - o.server, u.helpers - o.helpers, u.generator - o.generator}
}

// resident is the servers' memory, in bytes.
func (m meter) resident() (all int64) {
	for _, pid := range m.servers {
		all += ResidentBytes(pid)
	}
	return all
}

// tick is the unit of /proc/<pid>/stat: USER_HZ, which is 100 on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// stat is user and system time together: of a process, and of those of its children that have ended.
type stat struct {
	parent      int
	own, waited time.Duration
}

func statOf(pid int) (s stat, ok bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, false
	}
	// The command's name, in parentheses, may hold anything; what follows it is the third field.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 15 {
		return s, false
	}
	var n [5]int64 // the parent is field 1; user, system, and both of the children from 11 on
	for i, at := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.ParseInt(string(fields[at]), 10, 64); err != nil {
			return s, false
		}
	}
	return stat{int(n[0]), time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, true
}

// families is the time of these processes and of their children. A child that ends hands its time to its parent, so nothing is forgotten.
func families(heads []int) (all time.Duration) {
	if len(heads) == 0 {
		return 0
	}
	is := map[int]bool{}
	for _, pid := range heads {
		is[pid] = true
		if s, ok := statOf(pid); ok {
			all += s.own + s.waited
		}
	}
	entries, _ := filepath.Glob("/proc/[0-9]*") // the pattern is good
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if s, ok := statOf(pid); ok && is[s.parent] {
			all += s.own
		}
	}
	return all
}

// ResidentBytes is the memory of a process, 0 where it cannot be known.
func ResidentBytes(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(raw, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
