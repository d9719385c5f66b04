package presence

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// News are people who came and people who went.
type News struct {
	Online  []int64 `json:"online,omitempty"`
	Offline []int64 `json:"offline,omitempty"`
}

func (n News) size() int { return len(n.Online) + len(n.Offline) }

// Watcher is a connection of this node, and whose it is.
type Watcher struct {
	User       int64
	Connection string
}

// Config is what a Board works with. The functions return soon and do not call the Board, but for Tell, which calls Hear.
type Config struct {
	Clock   func() time.Time
	Metrics *Metrics
	// Here says whether somebody holds a lease of this node.
	Here func(person int64) bool
	// Held says of each whether they hold a lease of any node; it is not sure while other nodes' are not known.
	Held func(ctx context.Context, people []int64) (held []bool, sure bool)
	// Tell has every node Hear, this one included.
	Tell func(News)
	// Send tells a watcher.
	Send func(Watcher, News)
}

const (
	tick      = time.Second
	healEvery = 20 * time.Second
	// Grace is how long somebody has to be away before others are told.
	Grace = 10 * time.Second
	// mostTold bounds one message between nodes.
	mostTold = 5000
)

// Board is one node's view of who is online.
type Board struct {
	config Config

	mu       sync.Mutex
	watchers map[string]*watcher // by connection; nil for one that watches nobody
	watching int
	people   map[int64]*person // those whom somebody watches
	dirty    map[*watcher]struct{}
	doubtful bool // news of other nodes may have been missed since the last tick
	// touched are people who came to or went from this node since the last tick, announced those whom this node has said are online, leaving
	// those of them who have been gone since.
	touched   map[int64]struct{}
	announced map[int64]struct{}
	leaving   map[int64]time.Time
}

type person struct {
	watchers      map[*watcher]struct{}
	online, known bool
	missed        int // how many times in a row they were not found by Heal
}

type watcher struct {
	Watcher
	people  []int64
	pending map[int64]bool
	fresh   bool // was answered since the last tick
}

// New makes a Board. Nothing is told before Run.
func New(c Config) *Board {
	return &Board{
		config: c, watchers: map[string]*watcher{}, people: map[int64]*person{}, dirty: map[*watcher]struct{}{},
		touched: map[int64]struct{}{}, announced: map[int64]struct{}{}, leaving: map[int64]time.Time{},
	}
}

// Run tells what there is to tell until ctx ends.
func (b *Board) Run(ctx context.Context) {
	ticks, heal := time.NewTicker(tick), time.NewTicker(healEvery)
	defer ticks.Stop()
	defer heal.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			b.Tick(ctx)
		case <-heal.C:
			b.Heal(ctx)
		}
	}
}

// Touch notes that somebody may have come to this node or gone from it.
func (b *Board) Touch(person int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.touched[person] = struct{}{}
}

// Doubt says that news of other nodes may have been missed: they are asked for at the next tick.
func (b *Board) Doubt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubtful = true
}

// Join lets a connection watch. A connection that has left stays away.
func (b *Board) Join(connection string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[connection] = nil
}

// Leave forgets a connection. Leaving twice is nothing.
func (b *Board) Leave(connection string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w := b.watchers[connection]; w != nil {
		b.unwatch(w)
	}
	delete(b.watchers, connection)
}

// Watch makes these the people a connection is told of, instead of those it named before, and returns who of them is online.
func (b *Board) Watch(ctx context.Context, to Watcher, people []int64) []int64 {
	people = slices.Compact(slices.Sorted(slices.Values(people)))
	if unknown := b.watch(to, people); len(unknown) > 0 {
		held, sure := b.config.Held(ctx, unknown)
		b.learn(unknown, held, sure)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w := b.watchers[to.Connection]; w != nil {
		clear(w.pending) // the answer says it
		delete(b.dirty, w)
	}
	return slices.DeleteFunc(people, func(id int64) bool { p := b.people[id]; return p == nil || !p.online })
}

// watch notes who watches whom and returns those of whom nothing is known.
func (b *Board) watch(to Watcher, people []int64) (unknown []int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, joined := b.watchers[to.Connection]
	if !joined {
		return nil
	}
	if old != nil {
		b.unwatch(old)
		b.watchers[to.Connection] = nil
	}
	if len(people) == 0 {
		return nil
	}
	w := &watcher{Watcher: to, people: slices.Clone(people), fresh: true}
	b.watchers[to.Connection] = w
	b.watching++
	for _, id := range people {
		p := b.people[id]
		if p == nil {
			p = &person{watchers: map[*watcher]struct{}{}}
			_, p.online = b.announced[id]
			p.online = p.online || b.config.Here(id)
			p.known = p.online
			b.people[id] = p
		}
		p.watchers[w] = struct{}{}
		if !p.known {
			unknown = append(unknown, id)
		}
	}
	b.measure()
	return unknown
}

func (b *Board) unwatch(w *watcher) {
	for _, id := range w.people {
		p := b.people[id]
		if delete(p.watchers, w); len(p.watchers) == 0 {
			delete(b.people, id)
		}
	}
	delete(b.dirty, w)
	b.watching--
	b.measure()
}

func (b *Board) measure() {
	b.config.Metrics.watchers.Set(float64(b.watching))
	b.config.Metrics.watched.Set(float64(len(b.people)))
}

// learn takes in what was asked for, unless news came meanwhile.
func (b *Board) learn(people []int64, held []bool, sure bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, id := range people {
		if p := b.people[id]; p != nil && !p.known {
			b.set(id, held[i])
			p.known = sure
		}
	}
}

// Hear takes in what a node tells.
func (b *Board) Hear(n News) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range n.Online {
		b.set(id, true)
	}
	for _, id := range n.Offline {
		// They may have come here while the other node found them nowhere.
		if !b.config.Here(id) {
			b.set(id, false)
		}
	}
}

func (b *Board) set(id int64, online bool) {
	p := b.people[id]
	if p == nil {
		return
	}
	changed := p.online != online
	p.online, p.known, p.missed = online, true, 0
	if !changed {
		return
	}
	for w := range p.watchers {
		if w.pending == nil {
			w.pending = map[int64]bool{}
		}
		w.pending[id] = online
		b.dirty[w] = struct{}{}
	}
}

// Tick tells what has happened since the last one.
func (b *Board) Tick(ctx context.Context) {
	b.mu.Lock()
	doubtful := b.doubtful
	b.doubtful = false
	b.mu.Unlock()
	if doubtful {
		b.Heal(ctx)
	}
	news := News{Online: b.come(), Offline: b.gone(ctx)}
	for news.size() > 0 {
		n := min(mostTold, len(news.Online))
		m := min(mostTold-n, len(news.Offline))
		part := News{Online: news.Online[:n], Offline: news.Offline[:m]}
		news = News{Online: news.Online[n:], Offline: news.Offline[m:]}
		b.config.Metrics.told.Inc()
		b.config.Metrics.toldPeople.Add(float64(part.size()))
		b.config.Tell(part)
	}
	b.flush()
}

// come returns who is here now and was not announced, and notes who went.
func (b *Board) come() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var online []int64
	now := b.config.Clock()
	for id := range b.touched {
		_, announced := b.announced[id]
		_, leaving := b.leaving[id]
		switch here := b.config.Here(id); {
		case here && !announced:
			b.announced[id] = struct{}{}
			online = append(online, id)
		case here:
			delete(b.leaving, id)
		case announced && !leaving:
			b.leaving[id] = now
		}
	}
	clear(b.touched)
	slices.Sort(online)
	return online
}

// gone returns who has been away from every node for the grace.
func (b *Board) gone(ctx context.Context) []int64 {
	b.mu.Lock()
	var due []int64
	now := b.config.Clock()
	for id, since := range b.leaving {
		if now.Sub(since) >= Grace {
			due = append(due, id)
		}
	}
	b.mu.Unlock()
	if len(due) == 0 {
		return nil
	}
	slices.Sort(due)
	held, _ := b.config.Held(ctx, due)
	b.mu.Lock()
	defer b.mu.Unlock()
	var offline []int64
	for i, id := range due {
		delete(b.leaving, id)
		if b.config.Here(id) {
			continue // since this tick; the announcement still holds
		}
		delete(b.announced, id)
		if !held[i] {
			offline = append(offline, id)
		}
	}
	return offline
}

// flush sends each watcher what is pending, in one message.
func (b *Board) flush() {
	type message struct {
		to   Watcher
		news News
	}
	var messages []message
	b.mu.Lock()
	for w := range b.dirty {
		if w.fresh {
			continue
		}
		var n News
		for _, id := range slices.Sorted(maps.Keys(w.pending)) {
			if w.pending[id] {
				n.Online = append(n.Online, id)
			} else {
				n.Offline = append(n.Offline, id)
			}
		}
		messages = append(messages, message{w.Watcher, n})
		w.pending = nil
		delete(b.dirty, w)
	}
	for _, w := range b.watchers {
		if w != nil {
			w.fresh = false
		}
	}
	b.mu.Unlock()
	for _, m := range messages {
		b.config.Metrics.sent.Inc()
		b.config.Metrics.sentPeople.Add(float64(m.news.size()))
		b.config.Send(m.to, m.news)
	}
}

// Heal asks for everybody who is watched here and was not seen here: news of them may have been lost, or their node may have crashed.
func (b *Board) Heal(ctx context.Context) {
	b.mu.Lock()
	var elsewhere []int64
	for id := range b.people {
		if _, announced := b.announced[id]; !announced && !b.config.Here(id) {
			elsewhere = append(elsewhere, id)
		}
	}
	b.mu.Unlock()
	if len(elsewhere) == 0 {
		return
	}
	held, sure := b.config.Held(ctx, elsewhere)
	if !sure {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, id := range elsewhere {
		p := b.people[id]
		if p == nil || held[i] == p.online {
			if p != nil {
				p.known, p.missed = true, 0
			}
			continue
		}
		if p.missed++; held[i] || p.missed > 1 {
			b.set(id, held[i])
		}
	}
}
