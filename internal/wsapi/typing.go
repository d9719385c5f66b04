package wsapi

import (
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/chat"
)

// Typing bounds what signs of typing cost. The budget of each person does not: in a room of thousands who all type, each sign goes to all of
// them, which is quadratic. So a room is told of some signs in a while, which is more than clients have room to show, and a crowd is told
// of none. What is dropped was worth five seconds of somebody's attention; nothing is stored and nothing is made good for.
//
// Each node bounds what its own people send.
type Typing struct {
	signs, listeners int
	clock            chat.Clock
	dropped          *prometheus.CounterVec

	mu    sync.Mutex
	since time.Time
	told  map[chat.RoomID]int
}

// TypingConfig says how much Typing lets through; 0 is all of it.
type TypingConfig struct {
	// Signs are how many one room is told of in typingWindow.
	Signs int
	// Listeners are how many connections of this node may listen to a room that is told.
	Listeners int
	Clock     chat.Clock
	Registry  prometheus.Registerer
}

// typingWindow is how often a client says that its person still types.
const typingWindow = 3 * time.Second

// NewTyping registers the counter.
func NewTyping(c TypingConfig) (*Typing, error) {
	t := &Typing{
		signs: c.Signs, listeners: c.Listeners, clock: c.Clock, told: map[chat.RoomID]int{},
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "parley", Subsystem: "typing", Name: "dropped_total",
			Help: "Signs of typing that nobody was told of: the room had enough of them (busy), or too many listen to it (crowd).",
		}, []string{"why"}),
	}
	if err := c.Registry.Register(t.dropped); err != nil {
		return nil, fmt.Errorf("register the metrics of typing: %w", err)
	}
	return t, nil
}

// allow says whether a room is told of one more sign.
func (t *Typing) allow(room chat.RoomID, listeners int) bool {
	if t.listeners > 0 && listeners > t.listeners {
		t.dropped.WithLabelValues("crowd").Inc()
		return false
	}
	if t.signs == 0 {
		return true
	}
	now := t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if gone := now.Sub(t.since); gone >= typingWindow || gone < 0 {
		t.since = now
		clear(t.told)
	}
	if t.told[room] >= t.signs {
		t.dropped.WithLabelValues("busy").Inc()
		return false
	}
	t.told[room]++
	return true
}
