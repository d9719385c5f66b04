package store_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// BenchmarkRead measures the reads behind opening the app and a room, on a million messages: a quiet room of 100,000 under 900,000 newer
// ones of busy rooms, and people who are in 200 rooms each. Loading takes a minute an engine.
//
//	go test ./internal/store -run '^$' -bench Read -benchtime 5000x -count 3
func BenchmarkRead(b *testing.B) {
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			place := storetest.URL(b, engine)
			s := storetest.Open(b, place)
			storetest.Fill(b, place, storetest.Data{Users: 1000, Rooms: 1001, RoomsOf: 200, Quiet: 100_000, Messages: 1_000_000})
			meter := storetest.NewMeter(b, place)
			const busy = 500 // has 900 messages
			read := func(name string, want int, f func(i int) (int, error)) {
				b.Run(name, func(b *testing.B) { benchmarkRead(b, meter, want, f) })
			}
			read("newest 50 of the quiet room", 50, func(int) (int, error) {
				list, err := s.ListMessagesBefore(context.Background(), storetest.Quiet, math.MaxInt64, 50)
				return len(list), err
			})
			read("newest 50 of a busy room", 50, func(i int) (int, error) {
				list, err := s.ListMessagesBefore(context.Background(), chat.RoomID(2+i%1000), math.MaxInt64, 50)
				return len(list), err
			})
			read("50 in the middle of the quiet room", 50, func(i int) (int, error) {
				list, err := s.ListMessagesBefore(context.Background(), storetest.Quiet, int64(1000+i*97%90_000), 50)
				return len(list), err
			})
			read("last 50 changes of the quiet room", 50, func(int) (int, error) {
				list, err := s.ListChanges(context.Background(), storetest.Quiet, 99_950, 200)
				return len(list), err
			})
			read("no changes of a busy room", 0, func(int) (int, error) {
				list, err := s.ListChanges(context.Background(), busy, 900, 200)
				return len(list), err
			})
			read("a round trip", 0, func(int) (int, error) { return 0, s.Ping(context.Background()) })
			read("200 rooms with unread", 200, func(i int) (int, error) {
				list, err := s.ListRooms(context.Background(), chat.UserID(1+i%1000))
				return len(list), err
			})
			read("a room and one's place in it", 1, func(i int) (int, error) {
				_, err := s.RoomForUser(context.Background(), chat.RoomID(1+i%1000), chat.UserID(1+i%1000))
				return 1, err
			})
		})
	}
}

func benchmarkRead(b *testing.B, meter storetest.Meter, want int, f func(i int) (int, error)) {
	b.Helper()
	// Every connection has seen the statement before.
	for i := range 20 {
		if n, err := f(i); err != nil || n != want {
			b.Fatal(fmt.Errorf("%d rows, want %d: %w", n, want, err))
		}
	}
	took := make([]time.Duration, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	before := meter.Used()
	for i := range b.N {
		start := time.Now()
		if _, err := f(i); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(start)
	}
	b.StopTimer()
	used := meter.Used() - before
	slices.Sort(took)
	b.ReportMetric(float64(used.Nanoseconds())/1000/float64(b.N), "cpu-µs")
	b.ReportMetric(float64(took[b.N/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[b.N*99/100].Nanoseconds())/1000, "p99-µs")
}
