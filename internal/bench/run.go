package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is what the load is put on.
type Server struct {
	URLs []string // of its nodes; people spread over them
	// Admin reads the access token of one of its admins, by which people are made and removed. Without it the server must let everybody in, and
	// what is made stays.
	Admin     func() (string, error)
	Processes []int // whose processor time and memory are read
	Helpers   []int // of its database and of Redis, the first process of each: their processor time counts with that of all they started
}

// Options are what else a run needs.
type Options struct {
	Progress func(string) // is told what is going on, twice a second; nil tells nobody
	// Cleanup bounds the removing, which goes on when the run's context has ended.
	Cleanup context.Context //nolint:containedctx // it outlives the other one
}

// run is the state of one run.
type run struct {
	plan    Plan
	ctx     context.Context //nolint:containedctx // everybody who comes back asks it whether to
	client  *client
	places  []*place
	members []*member
	rooms   []*room
	byID    map[int64]int
	senders []*sender
	recent  recent
	epoch   time.Time
	from    atomic.Int64 // of the run's time; posts that are due before are not measured
	open    atomic.Bool  // sockets that end come back
	readers sync.WaitGroup

	acks, lasts, healed           histogram
	receipts                      [16]histogram // so that processors do not share one
	posts                         atomic.Int64
	newest                        atomicMax // when the last thing happened that is measured
	reconnects, caughtUp, retries atomic.Int64
	strange                       atomic.Int64
	away                          atomic.Int64 // how many are on their way back
	done, all                     atomic.Int64
	doing                         atomic.Value // string
	mu                            sync.Mutex   // guards what follows
	refusals                      map[string]int
	hints                         map[string]struct{}
}

func (r *run) now() time.Duration { return time.Since(r.epoch) }

// length is how long the load may take.
func (r *run) length() time.Duration { return r.plan.Warmup + r.plan.Duration + r.plan.Drain }

func (r *run) step(doing string, all int) {
	r.doing.Store(doing)
	r.done.Store(0)
	r.all.Store(int64(all))
}

// refused notes a refusal. Other errors are not counted here.
func (r *run) refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if no := new(refusal); errors.As(err, &no) {
		r.refusals[no.code]++
		if hint := no.hint(); hint != "" {
			r.hints[hint] = struct{}{}
		}
	}
	if end := new(closed); errors.As(err, &end) {
		r.refusals[fmt.Sprintf("closed_%d", end.code)]++
	}
}

// Run puts the load on the server and returns what it showed. The report is there, with what is known, also when the context has ended; it is nil
// when there was no load at all. What was made is removed in any case, and the error says what could not be.
func Run(ctx context.Context, plan Plan, s Server, o Options) (report *Report, err error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	if err := checkFiles(plan.Connections + plan.Senders + 100); err != nil {
		return nil, err
	}
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	r, err := newRun(living, plan, s.URLs)
	if err != nil {
		return nil, err
	}
	defer r.client.http.CloseIdleConnections()
	stop := r.tell(o.Progress)
	defer stop()
	d := &desk{run: r, place: r.places[0], admin: s.Admin, suffix: strings.ToLower(rand.Text()[:8])}
	for i, m := range r.members {
		m.name = fmt.Sprintf("%s%s-%d", peopleNames, d.suffix, i)
	}
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	defer func() {
		cleanup := context.WithoutCancel(ctx) //nolint:contextcheck // what was made is removed, however the run ended
		if o.Cleanup != nil {
			cleanup = o.Cleanup
		}
		if left := d.tidy(cleanup); len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("%d things could not be removed:\n  %s", len(left), strings.Join(left[:min(len(left), 20)], "\n  ")))
		}
	}()
	if err := d.settle(ctx); err != nil {
		return nil, err
	}
	defer func() {
		r.hangUp()
		end()
		r.readers.Wait()
	}()
	return r.load(ctx, meter{s.Processes, s.Helpers})
}

func newRun(ctx context.Context, plan Plan, urls []string) (*run, error) {
	r := &run{
		plan: plan, ctx: ctx, client: newClient(), byID: map[int64]int{}, epoch: time.Now(), recent: recent{seed: maphash.MakeSeed()},
		refusals: map[string]int{}, hints: map[string]struct{}{},
	}
	r.step("looking", 1)
	for _, text := range urls {
		p, err := newPlace(text)
		if err != nil {
			return nil, err
		}
		r.places = append(r.places, p)
	}
	if len(r.places) == 0 {
		return nil, errors.New("there is no server to put the load on")
	}
	for range plan.Rooms {
		r.rooms = append(r.rooms, &room{})
	}
	for i, rooms := range plan.seats() {
		m := &member{run: r, index: i, place: r.places[i%len(r.places)], decoder: newDecoder(r)}
		for _, room := range rooms {
			m.tallies = append(m.tallies, tally{room: room, next: 1})
		}
		r.members = append(r.members, m)
	}
	for i := range plan.Senders {
		person, room := plan.sender(i)
		r.senders = append(r.senders, &sender{run: r, index: i, person: person, room: room})
	}
	return r, nil
}

// rest is how long nothing happens before memory is read. The server is not asked to collect: it is not asked otherwise either.
func (r *run) rest(ctx context.Context, m meter) error {
	switch {
	case len(m.servers) == 0:
		return nil
	case len(r.senders) == 0: // it is all there is to see
		return pause(ctx, 3*time.Second)
	default:
		return pause(ctx, time.Second)
	}
}

// load connects everybody, lets the senders post, and waits until everybody has heard it.
func (r *run) load(ctx context.Context, m meter) (*Report, error) {
	rep := &Report{Schema: 1, Load: loadOf(r)}
	if len(r.senders) == 0 && r.rest(ctx, m) != nil {
		return nil, ctx.Err()
	}
	before, idle := m.resident(), m.read()
	r.step("connecting", len(r.members))
	err := each(ctx, len(r.members), 4*settlers, func(i int) error {
		defer r.done.Add(1)
		return r.members[i].come(ctx, false)
	})
	if err != nil {
		return nil, plain(err)
	}
	connecting := m.read().minus(idle)
	r.open.Store(true)
	if r.rest(ctx, m) != nil {
		return nil, ctx.Err()
	}
	connected := m.resident()
	r.equip()
	begin := r.now()
	from := begin + r.plan.Warmup
	r.from.Store(int64(from))
	end := from + r.plan.Duration
	r.step("posting", 0)
	faults := make([]error, len(r.senders))
	var wg sync.WaitGroup
	for i, s := range r.senders {
		wg.Go(func() {
			defer s.poster.close()
			faults[i] = s.send(ctx, begin, end)
		})
	}
	_ = pause(ctx, from-r.now())
	used := m.read()
	if r.plan.CutAfter > 0 && pause(ctx, r.plan.CutAfter) == nil {
		r.cut()
	}
	if len(r.senders) == 0 {
		_ = pause(ctx, end-r.now())
	}
	wg.Wait()
	sent := r.now()
	r.step("waiting for the last deliveries", 0)
	r.wait(ctx)
	rep.Interrupted = ctx.Err() != nil
	rep.fill(r, sent-from, errors.Join(faults...))
	rep.cost(m, used, r.now()-from)
	if rep.Cost != nil {
		rep.Cost.memory(before, connected, connecting, len(r.members))
	}
	if r.plan.ReadFor > 0 && ctx.Err() == nil {
		rep.Reads, err = r.read(ctx, m)
	}
	return rep, err
}

// equip gives every sender its way to post.
func (r *run) equip() {
	for i, s := range r.senders {
		m, home := r.members[s.person], r.rooms[s.room]
		if r.plan.Via == ViaSocket || r.plan.Via == ViaBoth && i%2 == 1 {
			s.poster = newSocketPoster(m, home.id)
		} else {
			s.poster = newHTTPPoster(r, m.place, home.id, m.token)
		}
	}
}

// wait returns when everybody is there and knows everything, or after the time for it.
func (r *run) wait(ctx context.Context) {
	most := r.plan.Drain
	if ctx.Err() != nil {
		most = min(most, 5*time.Second) // somebody waits
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	defer cancel()
	for !r.complete() && pause(ctx, 10*time.Millisecond) == nil {
	}
}

func (r *run) complete() bool {
	if r.away.Load() > 0 {
		return false
	}
	for _, m := range r.members {
		if !m.complete() {
			return false
		}
	}
	return true
}

// cut ends every connection at once, as a lost uplink does, and returns when everybody knows.
func (r *run) cut() {
	var links []*link
	for _, m := range r.members {
		if l := m.link.Load(); l != nil {
			_ = l.conn.Close()
			links = append(links, l)
		}
	}
	for _, l := range links {
		<-l.ended
	}
}

func (r *run) hangUp() {
	r.open.Store(false)
	r.cut()
}

// tell reports progress until it is stopped.
func (r *run) tell(to func(string)) (stop func()) {
	if to == nil {
		return func() {}
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		again := time.NewTicker(500 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				to(r.status())
			case <-done:
				to("")
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

func (r *run) status() string {
	doing, _ := r.doing.Load().(string)
	if doing == "posting" {
		heard := int64(0)
		for i := range r.receipts {
			heard += r.receipts[i].sum()
		}
		return fmt.Sprintf("posting: %d acknowledged, %d delivered, %d reconnects, %s left", r.posts.Load(), heard, r.reconnects.Load(),
			max(time.Duration(r.from.Load())+r.plan.Duration-r.now(), 0).Round(time.Second))
	}
	if all := r.all.Load(); all > 0 {
		return fmt.Sprintf("%s: %d of %d", doing, r.done.Load(), all)
	}
	return doing
}
