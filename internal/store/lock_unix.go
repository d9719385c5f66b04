//go:build !windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock if nobody has it. The lock belongs to the open file, so two in one process exclude each other too.
func tryLock(file *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		}
		return err == nil, err
	}
}
