package bench

import (
	"errors"
	"fmt"
	"time"
)

// How messages are posted.
const (
	ViaHTTP   = "http"
	ViaSocket = "socket"
	ViaBoth   = "both" // one sender this way, the next that way
)

// Plan is the load of a run.
type Plan struct {
	Connections int           // sockets
	People      int           // whose they are, where one room is enough; 0: each is somebody else's
	Rooms       int           // in which they talk
	Members     int           // of each room, all of whom listen; those in no room only hold their socket
	Senders     int           // who post
	Rate        float64       // posts a second of all senders together; 0: each posts as soon as it is answered
	Posts       int           // at most so many in the measured time, the same for every sender; 0: as many as there are
	Warmup      time.Duration // the same load before, which is checked and not measured
	Duration    time.Duration
	Drain       time.Duration // how long a post, and at the end the last delivery, may take
	BodyBytes   int
	Via         string
	CutAfter    time.Duration // when everybody's socket is cut at once; 0: never
	// ReadFor is how long, after the load, the newest messages of the first room are read over HTTP, by all senders at once.
	ReadFor time.Duration
}

// mostDuration leaves a quarter of an hour, which is what access tokens live, five minutes for making people.
const mostDuration = 10 * time.Minute

// Check says what is wrong with a plan.
func (p Plan) Check() error {
	for _, n := range []struct {
		name          string
		value, lo, hi int
	}{
		{"connections", p.Connections, 1, 100_000},
		{"people", p.people(), 1, p.Connections},
		{"rooms", p.Rooms, 1, 10_000},
		{"members", p.Members, 1, p.Connections},
		{"posts", p.Posts, 0, maxSenders * maxPosts},
		{"senders", p.Senders, 0, min(p.Connections, p.Rooms*p.Members, maxSenders)},
		{"body-bytes", p.BodyBytes, minBody, 8000},
	} {
		if n.value < n.lo || n.value > n.hi {
			return fmt.Errorf("%s is from %d to %d here, not %d", n.name, n.lo, n.hi, n.value)
		}
	}
	for _, d := range []struct {
		name          string
		value, lo, hi time.Duration
	}{
		{"duration", p.Duration, 10 * time.Millisecond, mostDuration},
		{"warmup", p.Warmup, 0, time.Minute},
		{"drain", p.Drain, time.Second, time.Minute},
		{"cut-after", p.CutAfter, 0, p.Duration},
		{"read-for", p.ReadFor, 0, mostDuration},
	} {
		if d.value < d.lo || d.value > d.hi {
			return fmt.Errorf("%s is from %s to %s here, not %s", d.name, d.lo, d.hi, d.value)
		}
	}
	switch p.Via {
	case ViaHTTP, ViaSocket, ViaBoth:
	default:
		return errors.New("via is http, socket or both")
	}
	if p.People > 0 && p.Rooms > 1 {
		return errors.New("people with several sockets each meet in one room")
	}
	if p.Rate < 0 || p.Rate > 1e6 {
		return errors.New("rate is from 0 to 1000000 posts a second")
	}
	return nil
}

func (p Plan) people() int {
	if p.People == 0 {
		return p.Connections
	}
	return p.People
}

// membersOf are the people in a room: as many in a row, each room going on where the one before ended.
func (p Plan) membersOf(room int) []int {
	all := make([]int, p.Members)
	for i := range all {
		all[i] = (room*p.Members + i) % p.Connections
	}
	return all
}

// seats are the rooms of each person.
func (p Plan) seats() [][]int {
	all := make([][]int, p.Connections)
	for room := range p.Rooms {
		for _, person := range p.membersOf(room) {
			all[person] = append(all[person], room)
		}
	}
	return all
}

// sender says who posts as the given sender, and where. Rooms are filled with senders evenly.
func (p Plan) sender(i int) (person, room int) {
	room = i % p.Rooms
	return (room*p.Members + i/p.Rooms) % p.Connections, room
}
