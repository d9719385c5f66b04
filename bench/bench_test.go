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

	"parley/internal/bench"
	"parley/internal/parleytest"
)

// small is bounded by its posts; the times are only there to end a test that hangs.
func small() roomCmd {
	return roomCmd{Members: 5, Senders: 2, Posts: 60, Duration: 20 * time.Second, Drain: 20 * time.Second}
}

func at(address string) bench.Server { return bench.Server{URLs: []string{"http://" + address}} }

func TestCleanRun(t *testing.T) {
	t.Parallel()
	cmd := small()
	phases, err := cmd.drive(context.Background(), at(parleytest.Start(t).Addr()))
	if err != nil {
		t.Fatal(err)
	}
	if len(phases) != 2 || phases[0].Name != "HTTP" || phases[1].Name != "socket" {
		t.Fatalf("phases %+v", phases)
	}
	for _, p := range phases {
		if !p.clean() || p.Posts != cmd.Posts || p.Deliveries != cmd.Posts*cmd.Members {
			t.Errorf("%+v, want %d posts, all delivered to %d", p, cmd.Posts, cmd.Members)
		}
		if p.Reach.Count != int64(p.Posts) || p.Reach.P50 <= 0 || p.Ack.P99 < p.Ack.P50 || p.EventsPerPublication < 1 {
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
		want  bench.Ledger
	}{
		"none":    {func(*floor) {}, bench.Ledger{}},
		"dropped": {func(f *floor) { f.write = instead(f.write, number, func(io.Writer, []byte) {}) }, bench.Ledger{Lost: 1}},
		"twice": {func(f *floor) {
			f.write = instead(f.write, number, func(w io.Writer, frame []byte) { send(w, frame, frame) })
		}, bench.Ledger{Doubled: 1}},
		"altered": {func(f *floor) {
			f.write = instead(f.write, number, func(w io.Writer, frame []byte) { send(w, bytes.Replace(frame, []byte("words"), []byte("WORDS"), 1)) })
		}, bench.Ledger{Altered: 1}},
		"late": {func(f *floor) {
			var held []byte
			f.write = instead(f.write, number, func(_ io.Writer, frame []byte) { held = frame })
			f.write = instead(f.write, number+1, func(w io.Writer, frame []byte) { send(w, frame, held) })
		}, bench.Ledger{Disordered: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFloor()
			tt.fault(f)
			server := httptest.NewServer(f.handler())
			defer server.Close()
			cmd := small()
			if tt.want.Lost > 0 {
				cmd.Drain = 8 * time.Second // it is waited for in vain, and a post may take as long
			}
			phases, err := cmd.drive(context.Background(), bench.Server{URLs: []string{server.URL}})
			if err != nil {
				t.Fatal(err)
			}
			var got bench.Ledger
			for _, p := range phases {
				got = bench.Ledger{Lost: got.Lost + p.Ledger.Lost, Doubled: got.Doubled + p.Ledger.Doubled, Disordered: got.Disordered + p.Ledger.Disordered, Altered: got.Altered + p.Ledger.Altered}
				if len(p.Faults) > 0 {
					t.Errorf("faults %v", p.Faults)
				}
			}
			if rep := (report{Parley: phases}); got != tt.want || rep.clean() != (tt.want == bench.Ledger{}) {
				t.Errorf("found %+v, want %+v", got, tt.want)
			}
		})
	}
}

// instead puts another way of writing one message of the first room to the second member into write.
func instead(write func(floorMessage, net.Conn, []byte), number int64, other func(io.Writer, []byte)) func(floorMessage, net.Conn, []byte) {
	return func(of floorMessage, conn net.Conn, frame []byte) {
		if of == (floorMessage{1, number, 1}) {
			other(conn, frame)
			return
		}
		write(of, conn, frame)
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
	cmd := small()
	cmd.Posts, cmd.Rate = 20, 100
	started := time.Now()
	phases, err := cmd.drive(context.Background(), at(parleytest.Start(t).Addr()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range phases {
		if !p.clean() || p.Posts != cmd.Posts {
			t.Errorf("%+v, want %d posts", p, cmd.Posts)
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
	f.write = func(of floorMessage, conn net.Conn, frame []byte) {
		if of.number == 20 {
			_ = conn.Close()
			return
		}
		write(of, conn, frame)
	}
	server := httptest.NewServer(f.handler())
	defer server.Close()
	cmd := small()
	cmd.Drain = 5 * time.Second // what the others still say is waited for in vain
	phases, err := cmd.drive(context.Background(), bench.Server{URLs: []string{server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if phases[0].Ledger.Lost == 0 || phases[0].clean() || len(phases[1].Faults) == 0 {
		t.Errorf("%+v", phases)
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
		"--idle=200000":            2,
		"table --only=weather":     2,
	} {
		if got := run(context.Background(), strings.Fields(args), output{io.Discard, io.Discard}); got != want {
			t.Errorf("bench %s: exit code %d, want %d", args, got, want)
		}
	}
}
