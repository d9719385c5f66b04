package bench

import (
	"slices"
	"testing"
	"time"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	good := Plan{Connections: 10, Rooms: 3, Members: 4, Senders: 7, BodyBytes: 100, Via: ViaBoth, Duration: time.Second, Drain: time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	seats := good.seats()
	taken := 0
	for _, rooms := range seats {
		taken += len(rooms)
	}
	if taken != 12 || !slices.Equal(seats[0], []int{0, 2}) || !slices.Equal(seats[9], []int{2}) {
		t.Errorf("who is where: %v", seats)
	}
	for i := range good.Senders {
		if person, room := good.sender(i); !slices.Contains(seats[person], room) {
			t.Errorf("sender %d is %d, who is not in room %d", i, person, room)
		}
	}
	for name, spoil := range map[string]func(*Plan){
		"nobody":                 func(p *Plan) { p.Connections = 0 },
		"more members than all":  func(p *Plan) { p.Members = 11 },
		"more senders than all":  func(p *Plan) { p.Senders = 11 },
		"too short for its key":  func(p *Plan) { p.BodyBytes = 10 },
		"too long for a message": func(p *Plan) { p.BodyBytes = 8001 },
		"too long for a token":   func(p *Plan) { p.Duration = time.Hour },
		"cut when it is over":    func(p *Plan) { p.CutAfter = 2 * time.Second },
		"no way":                 func(p *Plan) { p.Via = "" },
		"backwards":              func(p *Plan) { p.Rate = -1 },
	} {
		p := good
		if spoil(&p); p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What is due from a time on in steps of ten, and was not sent: only what belongs to the measured time, which is from 50 to 100.
func TestUnsent(t *testing.T) {
	t.Parallel()
	for due, want := range map[time.Duration]int{0: 5, 7: 5, 41: 5, 50: 5, 51: 5, 60: 4, 61: 4, 90: 1, 99: 1, 100: 0, 101: 0, 130: 0} {
		if got := unsent(due, 50, 100, 10); got != want {
			t.Errorf("from %d on: %d, want %d", due, got, want)
		}
	}
}

// What a message must look like follows from its key alone.
func TestPost(t *testing.T) {
	t.Parallel()
	for _, p := range []post{{}, {1, 2, 3}, {maxSenders - 1, maxPosts - 1, time.Hour}} {
		if got, ok := parsePost(p.key(nil)); !ok || got != p {
			t.Errorf("%+v became %+v", p, got)
		}
		for _, size := range []int{minBody, 200, 8000} {
			if body := p.body(nil, size); len(body) != size {
				t.Errorf("%+v: %d bytes, want %d", p, len(body), size)
			}
		}
	}
	for _, key := range []string{"", "b.", "b.1.2", "b.1.2.x", "b.-1.2.3", "1.2.3", "b.99999999999999999999.1.1"} {
		if p, ok := parsePost([]byte(key)); ok {
			t.Errorf("%q is %+v", key, p)
		}
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var a, b histogram
	for i := range 1000 {
		which := &a
		if i%2 == 0 {
			which = &b
		}
		which.add(time.Duration(i+1) * time.Millisecond)
	}
	q := quantiles(&a, &b)
	for _, c := range []struct{ got, want float64 }{{q.P50, 500}, {q.P95, 950}, {q.P99, 990}, {q.Max, 1000}} {
		if c.got < 0.97*c.want || c.got > 1.03*c.want {
			t.Errorf("%v, want about %v", c.got, c.want)
		}
	}
	if q.Count != 1000 {
		t.Errorf("%d counted", q.Count)
	}
}
