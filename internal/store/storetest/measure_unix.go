//go:build unix

package storetest

import (
	"syscall"
	"time"
)

// ownTime is the processor time that this process has used.
func ownTime() time.Duration {
	var own syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &own) // cannot fail with this argument
	return time.Duration(own.Utime.Nano() + own.Stime.Nano())
}
