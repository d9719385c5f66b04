package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// meter reads what a process has used, from Linux's /proc. Elsewhere, and for process 0, it reads nothing.
type meter struct{ pid int }

// cost is what a stretch of work took. known says that there is something to read it from.
type cost struct {
	known             bool
	server, generator time.Duration
	rss               int64 // at the end, in bytes
}

func (m meter) begin() cost {
	server, ok := processorTime(m.pid)
	generator, _ := processorTime(os.Getpid())
	return cost{known: ok, server: server, generator: generator}
}

func (m meter) since(before cost) cost {
	now := m.begin()
	return cost{
		known: before.known && now.known, server: now.server - before.server, generator: now.generator - before.generator,
		rss: residentBytes(m.pid),
	}
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
