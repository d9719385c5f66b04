//go:build unix

package realtime

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// rawConn is the way past the runtime's waiting; nil when there is none, and then every write has a deadline and every read a buffer.
func rawConn(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil // it is closed; the first read says so
	}
	return raw
}

// attempt writes as much of a frame as the kernel takes at once. Control and not Write: that would ask the runtime's poller first whether there
// is a deadline, which there is not. Nobody else writes meanwhile: callers hold writing, and a backlog is not attempted.
func (t *transport) attempt(frame []byte) (int, error) {
	if t.raw == nil {
		return 0, nil
	}
	t.out.frame = frame
	err := t.raw.Control(t.out.try)
	t.out.frame = nil
	if err == nil {
		err = t.out.fault
	}
	return t.out.sent, err
}

func (t *transport) trySend(fd uintptr) {
	n, err := syscall.Write(int(fd), t.out.frame)
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Write(int(fd), t.out.frame)
	}
	if errors.Is(err, syscall.EAGAIN) {
		n, err = 0, nil
	}
	t.out.sent, t.out.fault = max(n, 0), err
}

// tryReceive takes a buffer for as long as something is in it. The runtime calls it again when something has come.
func (t *transport) tryReceive(fd uintptr) bool {
	p := inBuffers.Get().(*[]byte)
	n, err := syscall.Read(int(fd), *p)
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), *p)
	}
	if n > 0 {
		t.in.buffer, t.in.rest = p, (*p)[:n]
		return true
	}
	inBuffers.Put(p)
	if errors.Is(err, syscall.EAGAIN) {
		return false
	}
	if err == nil {
		err = io.EOF
	}
	t.in.fault = err
	return true
}
