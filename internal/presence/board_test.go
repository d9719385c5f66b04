package presence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/internal/presence"
)

// world is some nodes, who is connected to which, and what was sent.
type world struct {
	now    time.Time
	nodes  []*node
	unsure bool // the nodes do not know of each other
	deaf   bool // nodes do not hear each other
	told   int  // messages between nodes
	bytes  int  // and their size, once for each
}

type node struct {
	*presence.Board
	world *world
	here  map[int64]int
	sent  map[string][]string
	count int
	size  int
}

func newWorld(tb testing.TB, nodes int) *world {
	tb.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for range nodes {
		n := &node{world: w, here: map[int64]int{}, sent: map[string][]string{}}
		m, err := presence.NewMetrics(prometheus.NewRegistry())
		if err != nil {
			tb.Fatal(err)
		}
		n.Board = presence.New(presence.Config{
			Clock: func() time.Time { return w.now }, Metrics: m,
			Here: func(p int64) bool { return n.here[p] > 0 },
			Held: func(_ context.Context, people []int64) ([]bool, bool) { return w.held(n, people), !w.unsure },
			Tell: func(news presence.News) { w.tell(n, news) },
			Send: n.send,
		})
		w.nodes = append(w.nodes, n)
	}
	return w
}

func (w *world) held(asking *node, people []int64) []bool {
	held := make([]bool, len(people))
	for i, p := range people {
		for _, n := range w.nodes {
			held[i] = held[i] || n.here[p] > 0 && (n == asking || !w.unsure)
		}
	}
	return held
}

func (w *world) tell(from *node, news presence.News) {
	data, err := json.Marshal(news)
	if err != nil {
		panic(err)
	}
	w.told++
	w.bytes += len(data)
	for _, n := range w.nodes {
		if n == from || !w.deaf {
			n.Hear(news)
		}
	}
}

func (n *node) send(to presence.Watcher, news presence.News) {
	n.count++
	data, err := json.Marshal(news)
	if err != nil {
		panic(err)
	}
	n.size += len(data)
	n.sent[to.Connection] = append(n.sent[to.Connection], fmt.Sprintf("+%v -%v", news.Online, news.Offline))
}

func (n *node) come(people ...int64) {
	for _, p := range people {
		n.here[p]++
		n.Touch(p)
	}
}

func (n *node) leave(people ...int64) {
	for _, p := range people {
		n.here[p]--
		n.Touch(p)
	}
}

// pass lets seconds go by on all nodes.
func (w *world) pass(seconds int) {
	for range seconds {
		w.now = w.now.Add(time.Second)
		for _, n := range w.nodes {
			n.Tick(context.Background())
		}
	}
}

func (n *node) watch(t *testing.T, connection string, people ...int64) []int64 {
	t.Helper()
	return n.Watch(t.Context(), presence.Watcher{User: 1, Connection: connection}, people)
}

func (n *node) want(t *testing.T, connection string, sent ...string) {
	t.Helper()
	if !slices.Equal(n.sent[connection], sent) {
		t.Errorf("%s was sent %q, want %q", connection, n.sent[connection], sent)
	}
	delete(n.sent, connection)
}

func TestBoard_tells_those_who_look_and_nobody_else(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	for _, n := range w.nodes {
		for _, connection := range []string{"a", "b", "c"} {
			n.Join(connection)
		}
		n.watch(t, "a", 11, 12)
		n.watch(t, "b", 12, 13, 12)
	}
	one, two := w.nodes[0], w.nodes[1]
	w.pass(1)
	one.come(11, 12, 14)
	w.pass(1)
	for _, n := range w.nodes {
		n.want(t, "a", "+[11 12] -[]")
		n.want(t, "b", "+[12] -[]")
		n.want(t, "c")
	}
	if online := two.watch(t, "c", 11, 12, 13, 14); fmt.Sprint(online) != "[11 12 14]" {
		t.Errorf("online: %v", online)
	}
	one.leave(12)
	w.pass(20)
	two.want(t, "a", "+[] -[12]")
	two.want(t, "b", "+[] -[12]")
	two.want(t, "c", "+[] -[12]")
	two.watch(t, "a")
	two.Leave("b")
	two.Leave("b")
	two.Leave("c")
	w.pass(1)
	one.come(12, 13)
	w.pass(2)
	for _, connection := range []string{"a", "b", "c"} {
		two.want(t, connection)
	}
	if online := two.watch(t, "c", 11); len(online) > 0 {
		t.Errorf("a connection that has left is answered %v", online)
	}
}

func TestBoard_a_reload_does_not_flicker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	one, two := w.nodes[0], w.nodes[1]
	for _, n := range w.nodes {
		n.Join("a")
		n.watch(t, "a", 7)
	}
	w.pass(1)
	one.come(7)
	w.pass(1)
	for _, n := range w.nodes {
		n.want(t, "a", "+[7] -[]")
	}
	for range 5 { // each time back in time, on the same node or the other
		one.leave(7)
		w.pass(9)
		two.come(7)
		w.pass(3)
		two.leave(7)
		one.come(7)
		w.pass(30)
	}
	for _, n := range w.nodes {
		n.want(t, "a")
	}
	one.leave(7)
	w.pass(10)
	for _, n := range w.nodes {
		n.want(t, "a")
	}
	w.pass(2)
	for _, n := range w.nodes {
		n.want(t, "a", "+[] -[7]")
	}
}

// What comes between the question and its answer is in the answer, and nothing overtakes it.
func TestBoard_nothing_is_sent_before_the_answer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	n := w.nodes[0]
	n.Join("a")
	w.pass(1)
	n.come(7)
	if online := n.watch(t, "a", 7, 8); fmt.Sprint(online) != "[7]" {
		t.Errorf("online: %v", online)
	}
	n.come(8)
	w.pass(1)
	n.want(t, "a")
	w.pass(1)
	n.want(t, "a", "+[8] -[]")
}

// News that was lost and nodes that crashed are made good for, but not within the grace of another node.
func TestBoard_heals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	one, two := w.nodes[0], w.nodes[1]
	two.Join("a")
	two.watch(t, "a", 7)
	w.pass(1)
	w.deaf = true
	one.come(7)
	w.pass(1)
	two.want(t, "a")
	two.Heal(t.Context())
	w.pass(1)
	two.want(t, "a", "+[7] -[]")
	clear(one.here) // the node is gone, and nobody says so
	two.Heal(t.Context())
	w.pass(1)
	two.want(t, "a")
	w.unsure = true
	two.Heal(t.Context())
	w.pass(1)
	two.want(t, "a")
	w.unsure = false
	two.Heal(t.Context())
	w.pass(1)
	two.want(t, "a", "+[] -[7]")
}

// A node that was cut off from the others asks at once who came meanwhile.
func TestBoard_doubts_after_a_cut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	one, two := w.nodes[0], w.nodes[1]
	two.Join("a")
	two.watch(t, "a", 7)
	w.pass(1)
	w.deaf = true
	one.come(7)
	w.pass(1)
	w.deaf = false
	w.pass(1)
	two.want(t, "a")
	two.Doubt()
	w.pass(1)
	two.want(t, "a", "+[7] -[]")
}

func TestBoard_forgets_what_nobody_watches(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	m, err := presence.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	b := presence.New(presence.Config{
		Clock: time.Now, Metrics: m, Here: func(int64) bool { return false },
		Held: func(_ context.Context, people []int64) ([]bool, bool) { return make([]bool, len(people)), true },
		Tell: func(presence.News) {}, Send: func(presence.Watcher, presence.News) {},
	})
	for i := range 100 {
		id := fmt.Sprint(i)
		b.Join(id)
		for j := range 5 {
			b.Watch(t.Context(), presence.Watcher{User: 1, Connection: id}, []int64{int64(i + j), int64(i + j + 1)})
		}
	}
	for i := range 100 {
		b.Leave(fmt.Sprint(i))
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	for _, name := range []string{"parley_presence_watchers", "parley_presence_watched"} {
		if v, ok := got[name]; !ok || v != 0 {
			t.Errorf("%s is %v; metrics: %v", name, v, slices.Sorted(maps.Keys(got)))
		}
	}
}

// BenchmarkStorm has N people connect at once to two nodes, each watching 50 of the others, and reports what it took besides time: messages and
// bytes to each person, and between the nodes. Quadratic would be bytes to each that grow with N.
func BenchmarkStorm(b *testing.B) {
	for _, people := range []int{1000, 5000} {
		b.Run(fmt.Sprint("people=", people), func(b *testing.B) {
			var w *world
			for b.Loop() {
				w = storm(b, people)
			}
			var messages, bytes int
			for _, n := range w.nodes {
				messages += n.count
				bytes += n.size
			}
			b.ReportMetric(float64(messages)/float64(people), "messages/person")
			b.ReportMetric(float64(bytes)/float64(people), "bytes/person")
			b.ReportMetric(float64(w.told), "node-messages")
			b.ReportMetric(float64(w.bytes)/float64(people), "node-bytes/person")
		})
	}
}

// storm spreads the connecting over three ticks; who connects watches at once.
func storm(tb testing.TB, people int) *world {
	tb.Helper()
	const each, ticks = 50, 3
	w := newWorld(tb, 2)
	for i := range people {
		n := w.nodes[i%2]
		connection := fmt.Sprint(i)
		n.Join(connection)
		n.come(int64(i))
		list := make([]int64, each)
		for j := range list {
			list[j] = int64((i*7919 + j*104729) % people)
		}
		n.Watch(context.Background(), presence.Watcher{User: int64(i), Connection: connection}, list)
		if (i+1)%(people/ticks) == 0 {
			w.pass(1)
		}
	}
	w.pass(3)
	return w
}
