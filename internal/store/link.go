package store

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// links are the network connections of a Postgres pool, on which silence is an error.
//
// A server that is gone without a word (its machine lost power, a firewall dropped the connection) leaves connections on which nothing
// arrives and nothing fails, and TCP waits for a quarter of an hour. Deadlines of contexts end the calls that have one; this is what is below
// them: no call, with or without a deadline, waits longer for the next byte than the limit, and closing the pool ends in bounded time.
type links struct {
	dial    pgconn.DialFunc
	silence time.Duration

	mu   sync.Mutex
	open map[*link]struct{}
	last time.Time // when set, everything ends by then
}

func newLinks(dial pgconn.DialFunc, silence time.Duration) *links {
	return &links{dial: dial, silence: silence, open: map[*link]struct{}{}}
}

// DialContext opens a connection that keeps the limit.
func (l *links) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := l.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	k := &link{Conn: conn, links: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[k] = struct{}{}
	return k, nil
}

// hurry lets every connection, those in use too, go on for a while and no longer. It is for closing: the driver says good-bye to each
// statement of each connection, one after the other, and would wait for a server that is gone every time.
func (l *links) hurry(grace time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.last = ioTime().Add(grace)
	list := make([]*link, 0, len(l.open))
	for k := range l.open {
		list = append(list, k)
	}
	l.mu.Unlock()
	for _, k := range list {
		k.mu.Lock()
		_ = k.Conn.SetDeadline(k.limit(k.read)) // only a closed connection refuses
		k.mu.Unlock()
	}
}

func (l *links) end() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// link is one connection. The driver's own deadlines are kept, and cut short by the limit.
type link struct {
	net.Conn
	links *links

	mu          sync.Mutex
	read, write time.Time // what the driver asked for; zero: as long as it takes
}

func (k *link) Read(p []byte) (int, error) {
	k.mu.Lock()
	err := k.Conn.SetReadDeadline(k.limit(k.read))
	k.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return k.Conn.Read(p)
}

func (k *link) Write(p []byte) (int, error) {
	k.mu.Lock()
	err := k.Conn.SetWriteDeadline(k.limit(k.write))
	k.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return k.Conn.Write(p)
}

// limit is the earliest of what the driver asked for, the longest silence from now on, and the end of the pool.
func (k *link) limit(asked time.Time) time.Time {
	earliest := asked
	for _, t := range []time.Time{ioTime().Add(k.links.silence), k.links.end()} {
		if !t.IsZero() && (earliest.IsZero() || t.Before(earliest)) {
			earliest = t
		}
	}
	return earliest
}

func (k *link) SetDeadline(t time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read, k.write = t, t
	return k.Conn.SetDeadline(k.limit(t))
}

func (k *link) SetReadDeadline(t time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = t
	return k.Conn.SetReadDeadline(k.limit(t))
}

func (k *link) SetWriteDeadline(t time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.write = t
	return k.Conn.SetWriteDeadline(k.limit(t))
}

func (k *link) Close() error {
	k.links.mu.Lock()
	delete(k.links.open, k)
	k.links.mu.Unlock()
	return k.Conn.Close()
}

// ioTime is the machine's clock: the kernel compares deadlines of connections with it, whatever clock the rest of Parley is given.
func ioTime() time.Time { return time.Now() } //nolint:forbidigo // see above
