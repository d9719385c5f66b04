//go:build unix

package chaos

import "syscall"

const freeze, thaw = syscall.SIGSTOP, syscall.SIGCONT
