package lease

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Memory is the Table of one node.
type Memory struct {
	rule  Rule
	life  time.Duration
	clock func() time.Time

	mu     sync.Mutex
	owners map[int64][]entry
}

type entry struct {
	Lease
	until time.Time
}

var _ Table = (*Memory)(nil)

// NewMemory makes an empty Table.
func NewMemory(rule Rule, life time.Duration, clock func() time.Time) *Memory {
	return &Memory{rule: rule, life: life, clock: clock, owners: map[int64][]entry{}}
}

// Take implements Table. It never fails.
func (m *Memory) Take(_ context.Context, l Lease) (taken bool, evicted []Lease, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(l.Owner)
	held := m.held(l.Owner)
	others := slices.DeleteFunc(slices.Clone(held), func(o Lease) bool { return o.ID == l.ID })
	taken, evicted = m.rule.admit(others)
	taken = taken || len(others) < len(held)
	m.drop(evicted)
	if taken {
		m.put(l)
	}
	return taken, evicted, nil
}

// Renew implements Table. It never fails.
func (m *Memory) Renew(_ context.Context, leases []Lease) (evicted []Lease, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, group := range byOwner(leases) {
		owner := group[0].Owner
		m.expire(owner)
		for _, l := range group {
			m.put(l)
		}
		surplus := m.rule.surplus(m.held(owner))
		m.drop(surplus)
		evicted = append(evicted, surplus...)
	}
	return evicted, nil
}

// Drop implements Table. It never fails.
func (m *Memory) Drop(_ context.Context, leases []Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(leases)
	return nil
}

// Held implements Table. It never fails.
func (m *Memory) Held(_ context.Context, owners []int64) ([]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answer := make([]bool, len(owners))
	for i, o := range owners {
		m.expire(o)
		answer[i] = len(m.owners[o]) > 0
	}
	return answer, nil
}

func (m *Memory) held(owner int64) []Lease {
	list := make([]Lease, 0, len(m.owners[owner]))
	for _, e := range m.owners[owner] {
		list = append(list, e.Lease)
	}
	return list
}

func (m *Memory) put(l Lease) {
	m.drop([]Lease{l})
	m.owners[l.Owner] = append(m.owners[l.Owner], entry{l, m.clock().Add(m.life)})
}

func (m *Memory) drop(leases []Lease) {
	for _, l := range leases {
		m.keep(l.Owner, func(e entry) bool { return e.ID != l.ID })
	}
}

// expire forgets what has lapsed of an owner's.
func (m *Memory) expire(owner int64) {
	now := m.clock()
	m.keep(owner, func(e entry) bool { return now.Before(e.until) })
}

func (m *Memory) keep(owner int64, which func(entry) bool) {
	left := slices.DeleteFunc(m.owners[owner], func(e entry) bool { return !which(e) })
	if len(left) == 0 {
		delete(m.owners, owner)
		return
	}
	m.owners[owner] = left
}
