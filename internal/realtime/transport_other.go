//go:build !unix

package realtime

import (
	"net"
	"syscall"
)

// rawConn has nothing to offer: every write has a deadline and every read a buffer.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (t *transport) attempt([]byte) (int, error) { return 0, nil }

func (t *transport) trySend(uintptr) {}

func (t *transport) tryReceive(uintptr) bool { return true }
