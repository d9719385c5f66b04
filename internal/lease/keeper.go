package lease

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Keeper holds this node's leases: it takes, renews and drops them in a Table, and decides alone while the Table is away.
type Keeper struct {
	config Config

	mu     sync.Mutex
	mine   map[int64][]Lease
	latest time.Time // when the latest lease was taken
	closed bool

	away atomic.Bool
	lost chan struct{} // wakes Run
}

// Config is what a Keeper works with.
type Config struct {
	Rule    Rule
	Table   Table
	Clock   func() time.Time
	Metrics *Metrics
	Logger  *slog.Logger
	// Evicted is told of leases that made room for a newer one; they may be another node's. It returns at once.
	Evicted func(leases []Lease)
	// Changed is told whenever an owner has come to or gone from this node; Here says which. It returns at once.
	Changed func(owner int64)
}

// retryEvery is how often a Table that is away is asked whether it is back.
const retryEvery = 500 * time.Millisecond

// NewKeeper makes a Keeper that holds nothing. Leases are renewed while Run runs.
func NewKeeper(c Config) *Keeper {
	return &Keeper{config: c, mine: map[int64][]Lease{}, lost: make(chan struct{}, 1)}
}

// Take takes a lease for an owner and reports whether there was room. The caller's cancellation is left out: what was asked of the
// Table half-way would be held by nobody.
func (k *Keeper) Take(ctx context.Context, owner int64, id string) bool {
	l := Lease{Owner: owner, ID: id, Since: k.now()}
	taken, evicted, ok := k.ask(ctx, l)
	rule := Rule{} // what the Table has taken is held
	if !ok {
		k.config.Metrics.local.Inc()
		rule, taken = k.config.Rule, true
	}
	if taken {
		var alone []Lease
		taken, alone = k.hold(l, rule)
		evicted = append(evicted, alone...)
	}
	if !taken {
		k.config.Metrics.refused.Inc()
		return false
	}
	k.evict(evicted)
	return true
}

// Drop gives a lease back. The owner counts as gone at once; the Table is told before Drop returns.
func (k *Keeper) Drop(ctx context.Context, owner int64, id string) {
	l, held := k.release(owner, id)
	if !held || k.away.Load() {
		return // what the Table still has of it lapses
	}
	if err := k.config.Table.Drop(context.WithoutCancel(ctx), []Lease{l}); err != nil {
		k.lose(ctx, err)
	}
}

// Here says whether an owner holds a lease of this node.
func (k *Keeper) Here(owner int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.mine[owner]) > 0
}

// Held says of each owner whether they hold a lease, of this node or another. While the Table is away it knows of this node only, and
// sure is false.
func (k *Keeper) Held(ctx context.Context, owners []int64) (held []bool, sure bool) {
	if !k.away.Load() {
		// Whoever asks may hang up meanwhile: that is no fault of the Table's, nor of those who share the connection to it.
		held, err := k.config.Table.Held(context.WithoutCancel(ctx), owners)
		if err == nil {
			return held, true
		}
		k.lose(ctx, err)
	}
	held = make([]bool, len(owners))
	for i, o := range owners {
		held[i] = k.Here(o)
	}
	return held, false
}

// Run renews what is held until ctx ends, and looks for a Table that is away.
func (k *Keeper) Run(ctx context.Context) {
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			k.Renew(ctx)
		case <-k.lost:
			k.recover(ctx)
		}
	}
}

// Renew renews everything that is held.
func (k *Keeper) Renew(ctx context.Context) {
	if k.away.Load() {
		return
	}
	if err := k.renew(ctx); err != nil && ctx.Err() == nil {
		k.lose(ctx, err)
	}
}

// Close gives everything back. Nothing is taken or dropped afterwards.
func (k *Keeper) Close(ctx context.Context) {
	k.mu.Lock()
	var all []Lease
	for _, list := range k.mine {
		all = append(all, list...)
	}
	k.closed = true
	clear(k.mine)
	k.mu.Unlock()
	k.config.Metrics.held.Set(0)
	if k.away.Load() || len(all) == 0 {
		return
	}
	if err := k.config.Table.Drop(ctx, all); err != nil {
		k.config.Logger.WarnContext(ctx, "connections not signed off; they count until their leases lapse", slog.Any("error", err))
	}
}

func (k *Keeper) ask(ctx context.Context, l Lease) (taken bool, evicted []Lease, ok bool) {
	if k.away.Load() {
		return false, nil, false
	}
	taken, evicted, err := k.config.Table.Take(context.WithoutCancel(ctx), l)
	if err != nil {
		k.lose(ctx, err)
		return false, nil, false
	}
	return taken, evicted, true
}

func (k *Keeper) renew(ctx context.Context) error {
	k.mu.Lock()
	var all []Lease
	for _, list := range k.mine {
		all = append(all, list...)
	}
	k.mu.Unlock()
	evicted, err := k.config.Table.Renew(ctx, all)
	k.evict(evicted)
	k.tidy(ctx, all)
	return err
}

// tidy drops what was given back while it was being renewed: the renewal may have taken it again.
func (k *Keeper) tidy(ctx context.Context, renewed []Lease) {
	k.mu.Lock()
	gone := slices.DeleteFunc(renewed, func(l Lease) bool { return slices.Contains(k.mine[l.Owner], l) })
	k.mu.Unlock()
	if len(gone) > 0 {
		_ = k.config.Table.Drop(ctx, gone) // else they lapse
	}
}

// evict has leases' holders sent away; of those that are this node's nothing is held any more.
func (k *Keeper) evict(leases []Lease) {
	if len(leases) == 0 {
		return
	}
	k.config.Metrics.evicted.Add(float64(len(leases)))
	for _, l := range leases {
		k.release(l.Owner, l.ID)
	}
	k.config.Evicted(leases)
}

// now is the time, later at each call: two leases of this node are never of one age.
func (k *Keeper) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.config.Clock()
	if next := k.latest.Add(time.Microsecond); now.Before(next) {
		now = next
	}
	k.latest = now
	return now
}

// hold notes a lease if a rule has room for it among those of this node.
func (k *Keeper) hold(l Lease, rule Rule) (ok bool, evict []Lease) {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return false, nil
	}
	others := k.mine[l.Owner]
	if ok, evict = rule.admit(others); ok {
		k.mine[l.Owner] = append(others, l)
	}
	k.mu.Unlock()
	if ok {
		k.config.Metrics.held.Inc()
	}
	if ok && len(others) == 0 {
		k.config.Changed(l.Owner)
	}
	return ok, evict
}

func (k *Keeper) release(owner int64, id string) (l Lease, held bool) {
	k.mu.Lock()
	list := k.mine[owner]
	at := slices.IndexFunc(list, func(l Lease) bool { return l.ID == id })
	if at < 0 {
		k.mu.Unlock()
		return Lease{}, false
	}
	l = list[at]
	if list = slices.Delete(list, at, at+1); len(list) > 0 {
		k.mine[owner] = list
	} else {
		delete(k.mine, owner)
	}
	k.mu.Unlock()
	k.config.Metrics.held.Dec()
	if len(list) == 0 {
		k.config.Changed(owner)
	}
	return l, true
}

// lose notes that the Table is away; of many who find out at once, one says so.
func (k *Keeper) lose(ctx context.Context, err error) {
	k.mu.Lock()
	closed := k.closed
	k.mu.Unlock()
	if closed || !k.away.CompareAndSwap(false, true) {
		return
	}
	k.config.Metrics.away.Set(1)
	k.config.Logger.WarnContext(ctx, "connections per person: Redis is away; this node counts by itself", slog.Any("error", err))
	select {
	case k.lost <- struct{}{}:
	default:
	}
}

// recover waits for the Table to be back, and takes again there what this node holds.
func (k *Keeper) recover(ctx context.Context) {
	t := time.NewTicker(retryEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		// A node that holds nothing finds out by asking.
		if _, err := k.config.Table.Held(ctx, []int64{0}); err != nil {
			continue
		}
		if err := k.renew(ctx); err != nil {
			continue
		}
		k.away.Store(false)
		k.config.Metrics.away.Set(0)
		k.config.Logger.InfoContext(ctx, "connections per person: Redis is back; all nodes count together")
		// What was taken while the renewal was on its way.
		k.Renew(ctx)
		return
	}
}
