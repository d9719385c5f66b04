//go:build !unix

package chaos

import "syscall"

// There are no such signals here: sending one fails, and the test with it.
const freeze, thaw = syscall.Signal(0), syscall.Signal(0)
