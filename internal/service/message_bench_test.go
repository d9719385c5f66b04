package service_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/service"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// BenchmarkPost measures Messages.Post with everything below it, beside the least that the database can do with the same rows: bare
// multi-row inserts of as many rows as a batch has, from one connection a lane, in the same run. docs/performance.md says how to read it.
//
//	go test ./internal/service -run '^$' -bench Post -benchtime 30000x -count 3
func BenchmarkPost(b *testing.B) {
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		for _, senders := range []int{1, 64, 512} {
			b.Run(fmt.Sprintf("%s/senders=%d", engine, senders), func(b *testing.B) { benchmarkPost(b, engine, senders) })
		}
	}
}

func benchmarkPost(b *testing.B, engine store.Dialect, senders int) {
	b.Helper()
	h := newHall(b, engine, senders)
	bareRate, bareCPU := h.bare(b, b.N)
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	h.commits.Store(0)
	before, start := h.meter.Used(), time.Now()
	for s := range senders {
		wg.Go(func() {
			for i := s; i < b.N; i += senders {
				at := time.Now()
				if err := h.post(s, i); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	elapsed, cpu := time.Since(start), h.meter.Used()-before
	b.StopTimer()
	slices.Sort(took)
	rate, cost := float64(b.N)/elapsed.Seconds(), micros(cpu)/float64(b.N)
	b.ReportMetric(rate, "posts/s")
	b.ReportMetric(cost, "cpu-µs/post")
	b.ReportMetric(bareRate, "bare-posts/s")
	b.ReportMetric(bareCPU, "bare-cpu-µs/post")
	b.ReportMetric(rate/bareRate, "of-bare-rate")
	b.ReportMetric(cost/bareCPU, "of-bare-cpu")
	b.ReportMetric(float64(b.N)/float64(h.commits.Load()), "posts/commit")
	b.ReportMetric(micros(took[b.N/2]), "p50-µs")
	b.ReportMetric(micros(took[b.N*99/100]), "p99-µs")
}

// hall is a service with people who are all members of the same rooms.
type hall struct {
	service *service.Service
	place   string
	engine  store.Dialect
	meter   storetest.Meter
	people  []chat.UserID
	rooms   []chat.RoomID
	silent
}

const (
	hallRooms = 16
	bodyBytes = 200
)

func newHall(b *testing.B, engine store.Dialect, people int) *hall {
	b.Helper()
	ctx := context.Background()
	h := &hall{engine: engine, place: storetest.URL(b, engine)}
	s := storetest.Open(b, h.place)
	h.meter = storetest.NewMeter(b, h.place)
	h.service = service.New(service.Deps{Store: s, Publisher: &h.silent, Clock: time.Now})
	for i := range people {
		u, err := s.InsertUser(ctx, chat.User{Username: "user" + strconv.Itoa(i), DisplayName: "x", CreatedAt: time.Now()}, "hash")
		if err != nil {
			b.Fatal(err)
		}
		h.people = append(h.people, u.ID)
	}
	for i := range hallRooms {
		in := chat.NewRoom{Name: "room" + strconv.Itoa(i), Kind: chat.RoomPublic}
		r, _, err := h.service.Rooms.Create(ctx, chat.Actor{User: h.people[0]}, in)
		if err != nil {
			b.Fatal(err)
		}
		h.rooms = append(h.rooms, r.ID)
	}
	_, err := storetest.Raw(b, h.place).ExecContext(ctx, `INSERT INTO members (room_id, user_id, role, last_read_number, joined_at)
		SELECT r.id, u.id, 'member', 0, 0 FROM rooms r CROSS JOIN users u WHERE u.id <> r.created_by`)
	if err != nil {
		b.Fatal(err)
	}
	return h
}

func (h *hall) post(sender, i int) error {
	_, created, err := h.service.Messages.Post(context.Background(), chat.Actor{User: h.people[sender]}, chat.NewMessage{
		Room: h.rooms[i%len(h.rooms)], Body: body(i), ClientKey: "post-" + strconv.Itoa(i),
	})
	if err == nil && !created {
		err = fmt.Errorf("post %d was there before", i)
	}
	return err
}

// silent is a publisher with nobody to tell. The store hands it the posts of one commit at a time.
type silent struct{ commits atomic.Int64 }

func (s *silent) Announce(...chat.Event)       { s.commits.Add(1) }
func (*silent) Expel(chat.RoomID, chat.UserID) {}

func (*silent) Revoke(chat.UserID, ...chat.SessionID) {}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

var filler = strings.Repeat("lorem ipsum ", bodyBytes/12+1)

func body(i int) string { return strconv.Itoa(i) + " " + filler[:bodyBytes-len(strconv.Itoa(i))-1] }

// bare stores n rows of the same kind with nothing but multi-row inserts, a statement a commit, and returns posts a second and
// microseconds of processor time for a row. It is what is left when there is no numbering, no service and no answer to map.
func (h *hall) bare(b *testing.B, n int) (rate, cpu float64) {
	b.Helper()
	lanes := 1
	if h.engine == store.Postgres {
		lanes = 2
	}
	rows := min(max(len(h.people)/lanes, 1), 256) // SQLite takes at most 32,766 values in a statement
	db := storetest.Raw(b, h.place)
	var wg sync.WaitGroup
	before, start := h.meter.Used(), time.Now()
	for lane := range lanes {
		wg.Go(func() {
			if err := h.bareLane(db, lane, n/lanes, rows); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	elapsed, used := time.Since(start), h.meter.Used()-before
	n = n / lanes * lanes
	// Gone before the service comes, so that both fill the same table.
	if _, err := db.ExecContext(context.Background(), "DELETE FROM messages"); err != nil {
		b.Fatal(err)
	}
	if h.engine == store.Postgres {
		if _, err := db.ExecContext(context.Background(), "VACUUM ANALYZE messages"); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / elapsed.Seconds(), micros(used) / float64(max(n, 1))
}

const bareColumns = "INSERT INTO messages (id, room_id, number, revision, author_id, client_key, body, created_at) "

// bareLane inserts into rooms of its own, so that lanes do not meet.
func (h *hall) bareLane(db *sql.DB, lane, n, rows int) error {
	ctx := context.Background()
	stmt, err := db.PrepareContext(ctx, h.bareStatement(rows))
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	first := 0
	for ; first+rows <= n; first += rows {
		if _, err := stmt.ExecContext(ctx, h.bareArguments(lane, first, rows)...); err != nil {
			return err
		}
	}
	if rest := n - first; rest > 0 {
		_, err = db.ExecContext(ctx, h.bareStatement(rest), h.bareArguments(lane, first, rest)...)
	}
	return err
}

func (h *hall) bareStatement(rows int) string {
	if h.engine == store.Postgres {
		return bareColumns + `SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[])`
	}
	return bareColumns + "VALUES (?,?,?,?,?,?,?,?)" + strings.Repeat(",(?,?,?,?,?,?,?,?)", rows-1)
}

func (h *hall) bareArguments(lane, first, rows int) []any {
	half := len(h.rooms) / 2
	var ids, rooms, numbers, authors, times []int64
	var keys, bodies []string
	for i := first; i < first+rows; i++ {
		ids = append(ids, int64(1e12)+int64(lane)*1e9+int64(i))
		rooms = append(rooms, int64(h.rooms[lane*half+i%half]))
		numbers = append(numbers, int64(i/half+1))
		authors = append(authors, int64(h.people[i%len(h.people)]))
		keys = append(keys, "bare-"+strconv.Itoa(lane)+"-"+strconv.Itoa(i))
		bodies = append(bodies, body(i))
		times = append(times, 1_800_000_000_000)
	}
	if h.engine == store.Postgres {
		return []any{ids, rooms, numbers, numbers, authors, keys, bodies, times}
	}
	args := make([]any, 0, 8*rows)
	for i := range ids {
		args = append(args, ids[i], rooms[i], numbers[i], numbers[i], authors[i], keys[i], bodies[i], times[i])
	}
	return args
}

// BenchmarkMarkRead measures read marks of 64 people, alone and while 16 of them post as fast as they can: a mark must not cost a sync of
// the disk each, or the readers of a message would starve its successors.
func BenchmarkMarkRead(b *testing.B) {
	for _, engine := range []store.Dialect{store.SQLite, store.Postgres} {
		for _, posters := range []int{0, 16} {
			b.Run(fmt.Sprintf("%s/posters=%d", engine, posters), func(b *testing.B) { benchmarkMarkRead(b, engine, posters) })
		}
	}
}

func benchmarkMarkRead(b *testing.B, engine store.Dialect, posters int) {
	b.Helper()
	const readers = 64
	h := newHall(b, engine, readers)
	if _, err := storetest.Raw(b, h.place).ExecContext(context.Background(), "UPDATE rooms SET last_number = 1000000, revision = 1000000"); err != nil {
		b.Fatal(err)
	}
	var reading, posting sync.WaitGroup
	var posted atomic.Int64
	done := make(chan struct{})
	b.ResetTimer()
	h.commits.Store(0)
	before, start := h.meter.Used(), time.Now()
	for p := range posters {
		posting.Go(func() {
			for i := p; ; i += posters {
				select {
				case <-done:
					return
				default:
				}
				if err := h.post(p, i); err != nil {
					b.Error(err)
				}
				posted.Add(1)
			}
		})
	}
	for r := range readers {
		reading.Go(func() {
			for i := r; i < b.N; i += readers {
				room := h.rooms[i/readers%len(h.rooms)]
				if _, err := h.service.Rooms.MarkRead(context.Background(), chat.Actor{User: h.people[r]}, room, int64(1+i/readers)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	reading.Wait()
	elapsed, cpu := time.Since(start), h.meter.Used()-before
	b.StopTimer()
	close(done)
	posting.Wait()
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "marks/s")
	b.ReportMetric(float64(posted.Load())/elapsed.Seconds(), "posts/s")
	b.ReportMetric(micros(cpu)/float64(b.N+int(posted.Load())), "cpu-µs/write")
}
