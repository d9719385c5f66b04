package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/internal/parleytest"
)

// small is bounded by its posts; the times are only there to end a test that hangs.
func small() benchmark {
	return benchmark{Members: 5, Senders: 2, Posts: 60, Duration: 20 * time.Second, Drain: 20 * time.Second}
}

func TestCleanRun(t *testing.T) {
	t.Parallel()
	bench := small()
	phases, err := bench.drive(context.Background(), parleytest.Start(t).Addr(), meter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(phases) != 2 || phases[0].Name != "HTTP" || phases[1].Name != "socket" {
		t.Fatalf("phases %+v", phases)
	}
	for _, p := range phases {
		if !p.clean() || p.Posts != bench.Posts || p.Deliveries != bench.Posts*bench.Members {
			t.Errorf("%+v, want %d posts, all delivered to %d", p, bench.Posts, bench.Members)
		}
		// Every eighth of the 30 posts of each sender.
		if p.ReachSamples != 8 || p.Reach.P50 <= 0 || p.Ack.P99 < p.Ack.P50 || p.EventsPerPublication < 1 {
			t.Errorf("measured %+v", p)
		}
	}
}

// A server that is good to everybody but one member, and to that one but once, is found out.
func TestFaultsAreNoticed(t *testing.T) {
	t.Parallel()
	const number = 7
	for name, tt := range map[string]struct {
		fault func(f *floor)
		want  ledger
	}{
		"none":    {func(*floor) {}, ledger{}},
		"dropped": {func(f *floor) { f.write = instead(f.write, number, func(io.Writer, []byte) {}) }, ledger{Lost: 1}},
		"twice": {func(f *floor) {
			f.write = instead(f.write, number, func(w io.Writer, frame []byte) { send(w, frame, frame) })
		}, ledger{Doubled: 1}},
		"altered": {func(f *floor) {
			f.write = instead(f.write, number, func(w io.Writer, frame []byte) { send(w, bytes.Replace(frame, []byte("words"), []byte("WORDS"), 1)) })
		}, ledger{Altered: 1}},
		"late": {func(f *floor) {
			var held []byte
			f.write = instead(f.write, number, func(_ io.Writer, frame []byte) { held = frame })
			f.write = instead(f.write, number+1, func(w io.Writer, frame []byte) { send(w, frame, held) })
		}, ledger{Disordered: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFloor()
			tt.fault(f)
			server := httptest.NewServer(f.handler())
			defer server.Close()
			bench := small()
			if tt.want.Lost > 0 {
				bench.Drain = 300 * time.Millisecond // it is waited for in vain
			}
			phases, err := bench.drive(context.Background(), strings.TrimPrefix(server.URL, "http://"), meter{})
			if err != nil {
				t.Fatal(err)
			}
			var got ledger
			for _, p := range phases {
				got = got.plus(p.Ledger)
				if len(p.Faults) > 0 {
					t.Errorf("faults %v", p.Faults)
				}
			}
			if rep := (report{Parley: phases}); got != tt.want || rep.clean() != (tt.want == ledger{}) {
				t.Errorf("found %+v, want %+v", got, tt.want)
			}
		})
	}
}

// instead puts another way of writing one message to the second member into write.
func instead(write func(int, int64, net.Conn, []byte), number int64, other func(io.Writer, []byte)) func(int, int64, net.Conn, []byte) {
	return func(m int, n int64, conn net.Conn, frame []byte) {
		if m == 1 && n == number {
			other(conn, frame)
			return
		}
		write(m, n, conn, frame)
	}
}

func send(w io.Writer, frames ...[]byte) {
	for _, frame := range frames {
		_, _ = w.Write(frame)
	}
}

// Paced senders post no more than they should.
func TestRate(t *testing.T) {
	t.Parallel()
	bench := small()
	bench.Posts, bench.Rate = 20, 100
	started := time.Now()
	phases, err := bench.drive(context.Background(), parleytest.Start(t).Addr(), meter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phases {
		if !p.clean() || p.Posts != bench.Posts {
			t.Errorf("%+v, want %d posts", p, bench.Posts)
		}
	}
	// Two phases with their warm-ups, 20 posts each.
	if took := time.Since(started); took < 2*180*time.Millisecond {
		t.Errorf("40 posts at 100 a second took %v", took)
	}
}

// A server that goes away in the middle is a failure, not a small figure.
func TestServerGoesAway(t *testing.T) {
	t.Parallel()
	f := newFloor()
	write := f.write
	f.write = func(m int, n int64, conn net.Conn, frame []byte) {
		if n == 20 {
			_ = conn.Close()
			return
		}
		write(m, n, conn, frame)
	}
	server := httptest.NewServer(f.handler())
	defer server.Close()
	bench := small()
	phases, err := bench.drive(context.Background(), strings.TrimPrefix(server.URL, "http://"), meter{})
	if err != nil {
		t.Fatal(err)
	}
	if phases[0].Ledger.Lost == 0 || len(phases[0].Faults) == 0 || phases[1].clean() {
		t.Errorf("%+v", phases)
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	for _, p := range []post{{}, {1, 2, 3}, {maxPhases - 1, maxSenders - 1, maxPosts - 1}} {
		if got, ok := parsePost(p.key(nil)); !ok || got != p {
			t.Errorf("%+v came back as %+v, %t", p, got, ok)
		}
		body := p.body(nil)
		if len(body) != bodyBytes || !bytes.HasPrefix(body, p.key(nil)) || bytes.ContainsAny(body, `"\`) {
			t.Errorf("the body of %+v is %q", p, body)
		}
	}
	for _, bad := range []string{"", "1", "1.2", "1.2.", "1.2.3.4", "a.b.c", "1.-2.3", "256.0.0", "1.2.99999999999999999999"} {
		if p, ok := parsePost([]byte(bad)); ok {
			t.Errorf("%q is read as %+v", bad, p)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		"--help":                   0,
		"--members=1":              2,
		"--senders=200":            2,
		"--duration=1h":            2,
		"--nonsense":               2,
		"floor --members=5":        2,
		"--binary=/nowhere/at/all": 1,
		"--members=2 --posts=-1":   2,
		"--rate=-1":                2,
		"--idle=26000":             2,
	} {
		if got := run(context.Background(), strings.Fields(args), output{io.Discard, io.Discard}); got != want {
			t.Errorf("bench %s: exit code %d, want %d", args, got, want)
		}
	}
}
