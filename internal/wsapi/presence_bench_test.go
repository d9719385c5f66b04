package wsapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"parley/internal/auth"
	"parley/internal/parleytest"
)

// BenchmarkPresenceStorm has N people connect to two nodes as fast as they are let in, and each watch 50 of the others at once. It counts at the
// sockets what they are sent of presence until it is quiet. The time is that of the connecting; run it with -benchtime 1x.
func BenchmarkPresenceStorm(b *testing.B) {
	for _, people := range []int{1000, 5000} {
		b.Run(fmt.Sprint("people=", people), func(b *testing.B) {
			for b.Loop() {
				presenceStorm(b, people)
			}
		})
	}
}

// onlookers count what its sockets are sent.
type onlookers struct {
	conns           []net.Conn
	frames, bytes   atomic.Int64
	online, readers sync.WaitGroup
}

func presenceStorm(b *testing.B, people int) {
	b.Helper()
	const public = "http://127.0.0.1:8080"
	key, err := auth.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	nodes := parleytest.Nodes(b, 2, nil, parleytest.With("PARLEY_PUBLIC_URL="+public, "PARLEY_AUTH_SIGNING_KEYS="+key))
	ring, err := auth.ParseKeyRing([]string{key})
	if err != nil {
		b.Fatal(err)
	}
	tokens := auth.NewTokens(ring, public, "parley", time.Hour, time.Now)
	c := &onlookers{conns: make([]net.Conn, people)}
	const atOnce = 32
	gate := make(chan struct{}, atOnce)
	for i := range people {
		gate <- struct{}{}
		c.online.Go(func() {
			defer func() { <-gate }()
			token, _, err := tokens.Issue(int64(i+1), fmt.Sprintf("%026d", i))
			if err == nil {
				err = c.connect(i, nodes[i%2], token, watchList(i, people))
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	c.online.Wait()
	b.StopTimer()
	for before := int64(-1); before != c.frames.Load(); {
		before = c.frames.Load()
		time.Sleep(3 * time.Second) // three ticks without a word
	}
	var told, toldPeople float64
	for _, n := range nodes {
		text := metrics(b, n)
		told += metricOf(b, text, "parley_presence_told_total")
		toldPeople += metricOf(b, text, "parley_presence_told_changes_total")
	}
	b.ReportMetric(float64(c.frames.Load())/float64(people), "frames/person")
	b.ReportMetric(float64(c.bytes.Load())/float64(people), "bytes/person")
	b.ReportMetric(told, "node-messages")
	b.ReportMetric(toldPeople/float64(people), "node-changes/person")
	for _, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
	c.readers.Wait()
	b.StartTimer()
}

func watchList(i, people int) []byte {
	var list []byte
	for j := range 50 {
		list = fmt.Appendf(list, "%d,", (i*7919+j*104729)%people+1)
	}
	return bytes.TrimSuffix(list, []byte(","))
}

func (c *onlookers) connect(i int, s *parleytest.Server, token string, list []byte) error {
	conn, _, _, err := ws.Dial(context.Background(), s.Socket)
	if err != nil {
		return err
	}
	c.conns[i] = conn
	if err := wsutil.WriteClientText(conn, fmt.Appendf(nil, `{"id":1,"connect":{"token":%q}}`, token)); err != nil {
		return err
	}
	if reply, err := wsutil.ReadServerText(conn); err != nil || !bytes.Contains(reply, []byte(`"client"`)) {
		return fmt.Errorf("connect: %s: %w", reply, err)
	}
	err = wsutil.WriteClientText(conn, fmt.Appendf(nil, `{"id":2,"rpc":{"method":"presence.watch","data":{"user_ids":[%s]}}}`, list))
	c.readers.Go(func() { c.read(conn) })
	return err
}

func (c *onlookers) read(conn net.Conn) {
	for {
		header, err := ws.ReadHeader(conn)
		if err != nil || header.Length > math.MaxInt32 {
			return
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		if bytes.Contains(payload, []byte("presence.changed")) {
			c.frames.Add(1)
			c.bytes.Add(int64(len(payload)))
		}
	}
}

// metricOf finds a metric without labels.
func metricOf(tb testing.TB, text, name string) float64 {
	tb.Helper()
	for line := range bytes.Lines([]byte(text)) {
		var value float64
		if n, err := fmt.Sscanf(string(line), name+" %g", &value); n == 1 && err == nil {
			return value
		}
	}
	tb.Fatalf("no metric %s", name)
	return 0
}
