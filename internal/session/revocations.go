package session

import (
	"sync"
	"time"
)

// Revocations are the sessions that ended before their time, so that their access tokens, which nobody stores, stop at once on the node
// that knows. A session is remembered for as long as an access token lives: after that there is none left to refuse. It is safe for
// concurrent use.
type Revocations struct {
	ttl time.Duration
	now func() time.Time

	mu    sync.RWMutex
	until map[string]time.Time
	prune time.Time
}

// NewRevocations remembers for ttl, which is longer than an access token lives. now is the clock.
func NewRevocations(ttl time.Duration, now func() time.Time) *Revocations {
	return &Revocations{ttl: ttl, now: now, until: map[string]time.Time{}}
}

// Add remembers sessions and returns those that were not known.
func (r *Revocations) Add(refs ...Ref) (fresh []Ref) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ref := range refs {
		if _, known := r.until[ref.ID]; !known {
			r.until[ref.ID] = now.Add(r.ttl)
			fresh = append(fresh, ref)
		}
	}
	// Once a life is often enough: the set then holds what ended in two of them.
	if now.After(r.prune) {
		for id, until := range r.until {
			if now.After(until) {
				delete(r.until, id)
			}
		}
		r.prune = now.Add(r.ttl)
	}
	return fresh
}

// Has reports whether a session is known to have ended.
func (r *Revocations) Has(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, known := r.until[id]
	return known
}
