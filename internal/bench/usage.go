package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// meter reads what processes have used, from Linux's /proc. Elsewhere, and for no process, it reads nothing.
type meter []int

// usage is processor time so far. known says that there is something to read it from.
type usage struct {
	known             bool
	server, generator time.Duration
}

func (m meter) read() usage {
	u := usage{known: len(m) > 0}
	for _, pid := range m {
		t, ok := processorTime(pid)
		u.server += t
		u.known = u.known && ok
	}
	u.generator, _ = processorTime(os.Getpid())
	return u
}

// resident is memory, in bytes.
func (m meter) resident() (all int64) {
	for _, pid := range m {
		all += residentBytes(pid)
	}
	return all
}

// tick is the unit of /proc/<pid>/stat: USER_HZ, which is 100 on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// processorTime is user and system time together.
func processorTime(pid int) (time.Duration, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The command's name, in parentheses, may hold anything; what follows it is the third field.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, err1 == nil && err2 == nil
}

func residentBytes(pid int) int64 {
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
