package realtime

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// publications records what an outbox publishes. While gate is not nil, each publication waits for it.
type publications struct {
	mu   sync.Mutex
	got  map[string][][]int
	gate chan struct{}
	seen chan string
}

func (p *publications) publish(channel string, data []byte) {
	var events []int
	if err := json.Unmarshal(data, &events); err != nil {
		panic(fmt.Sprintf("not an array: %s", data))
	}
	p.mu.Lock()
	p.got[channel] = append(p.got[channel], events)
	p.mu.Unlock()
	if p.seen != nil {
		p.seen <- channel
	}
	if p.gate != nil {
		<-p.gate
	}
}

func newTestOutbox(t *testing.T, p *publications) *outbox {
	t.Helper()
	p.got = map[string][][]int{}
	o, err := newOutbox(p.publish, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	o.missed = func() []byte { return []byte("[-1]") }
	return o
}

// Each channel gets everything once and in order, whoever puts at the same time.
func TestOutboxKeepsOrder(t *testing.T) {
	t.Parallel()
	const channels, each = 20, 500
	p := &publications{}
	o := newTestOutbox(t, p)
	o.start()
	var wg sync.WaitGroup
	for c := range channels {
		wg.Go(func() {
			for i := range each {
				o.put(fmt.Sprint("room:", c), fmt.Append(nil, i))
			}
		})
	}
	wg.Wait()
	o.stop()
	for channel, batches := range p.got {
		all := slices.Concat(batches...)
		if len(all) != each || !slices.IsSorted(all) {
			t.Errorf("%s: %d events, sorted %v", channel, len(all), slices.IsSorted(all))
		}
	}
	if len(p.got) != channels {
		t.Errorf("%d channels, want %d", len(p.got), channels)
	}
}

// What piles up behind a slow publication goes out as one, and no larger than a slow link can take.
func TestOutboxCoalesces(t *testing.T) {
	t.Parallel()
	p := &publications{gate: make(chan struct{}), seen: make(chan string, 1)}
	o := newTestOutbox(t, p)
	o.start()
	o.put("room:1", []byte("0"))
	<-p.seen // the first is on its way
	for i := range 99 {
		o.put("room:1", fmt.Append(nil, i+1))
	}
	big := strings.Repeat(" ", maxBatchBytes) + "100"
	o.put("room:1", []byte(big))
	p.seen = nil
	close(p.gate)
	o.stop()
	var sizes []int
	for _, batch := range p.got["room:1"] {
		sizes = append(sizes, len(batch))
	}
	if fmt.Sprint(sizes) != "[1 99 1]" {
		t.Errorf("publications of %v events, want [1 99 1]", sizes)
	}
}

// A queue that nobody empties does not grow for ever. What is dropped is counted, and whoever listens is told once there is room, and not before.
func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	p := &publications{}
	o := newTestOutbox(t, p)
	for range maxQueued + 7 { // not started: nothing leaves
		o.put("room:1", []byte("1"))
	}
	if got := testutil.ToFloat64(o.dropped); got != 7 {
		t.Errorf("%v dropped, want 7", got)
	}
	o.start()
	o.stop()
	all := slices.Concat(p.got["room:1"]...)
	if n := len(all); n != maxQueued+1 {
		t.Errorf("%d published, want %d and the word of what was dropped", n, maxQueued)
	}
	if at := slices.Index(all, -1); at < maxQueued/2 || slices.Contains(all[at+1:], -1) {
		t.Errorf("told of what was dropped after %d of %d events, or more than once", at, maxQueued)
	}
	o.put("room:1", []byte("1"))
	if got := testutil.ToFloat64(o.dropped); got != 8 {
		t.Errorf("after the end: %v dropped, want 8", got)
	}
}

// A channel whose publication takes long holds up no other.
func TestOutboxSlowChannel(t *testing.T) {
	t.Parallel()
	p := &publications{}
	slow, others := make(chan struct{}), make(chan string, 100)
	o := newTestOutbox(t, p)
	o.publish = func(channel string, _ []byte) {
		if channel == "room:slow" {
			<-slow
			return
		}
		others <- channel
	}
	o.start()
	o.put("room:slow", []byte("0"))
	o.put("room:slow", []byte("1"))
	for i := range 100 {
		o.put(fmt.Sprint("room:", i), []byte("0"))
	}
	for range 100 {
		<-others
	}
	close(slow)
	o.stop()
	if len(o.channels) != 0 || o.queued != 0 {
		t.Errorf("%d channels and %d events are left", len(o.channels), o.queued)
	}
}

// What piled up on its way from another node goes out together, each channel in its order, and nothing overtakes what is no publication.
func TestGather(t *testing.T) {
	t.Parallel()
	lane := make(chan publication, 10)
	barrier := make(chan struct{})
	for _, p := range []publication{
		{channel: "b", data: []byte("2")}, {channel: "a", data: []byte("3")}, {after: barrier}, {channel: "a", data: []byte("4")},
	} {
		lane <- p
	}
	groups, after := gather(publication{channel: "a", data: []byte("1")}, lane)
	if got := fmt.Sprintf("%s", groups); got != "[{a [1 3]} {b [2]}]" || after != (<-chan struct{})(barrier) {
		t.Errorf("gathered %s", got)
	}
	close(lane)
	groups, after = gather(<-lane, lane)
	if got := fmt.Sprintf("%s", groups); got != "[{a [4]}]" || after != nil {
		t.Errorf("after that %s", got)
	}
	large := publication{channel: "a", data: make([]byte, maxBatchBytes)}
	if groups, _ := gather(large, lane); len(groups) != 1 || len(groups[0].publications) != 1 {
		t.Error("a large publication was not alone")
	}
}
