//go:build unix

package bench

import (
	"fmt"
	"syscall"
)

// checkFiles says whether this process, and a server that it starts, may open so many files. Go has raised the soft limit to the hard one.
func checkFiles(needed int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil //nolint:nilerr // opening will tell
	}
	if most := uint64(limit.Max); uint64(needed) > most { //nolint:unconvert // the types differ between the systems
		return fmt.Errorf("%d file descriptors are needed and %d allowed: raise ulimit -n (LimitNOFILE of a service), or ask for fewer connections", needed, most)
	}
	return nil
}
