package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"parley/internal/contract"
)

// sent is one message that somebody meant to send, and what they were told of it.
type sent struct {
	Key    string
	Room   contract.ID
	Author contract.ID
	// Bodies are what the message was meant to say: as it was posted, and after each attempt to change it. gone is a deletion.
	Bodies []string
	// Said is the place in Bodies of the last change that was acknowledged. Any from there on may be what is stored.
	Said  int
	Acked contract.Message // zero until the post was acknowledged
}

// gone stands in Bodies for a deleted message.
const gone = "\x00"

func (s *sent) acked() bool { return s.Acked.Number > 0 }

// book is where everybody writes down what they sent, in the order in which they meant to.
type book struct {
	mu     sync.Mutex
	all    []*sent
	faults []string
}

func (b *book) add(s *sent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, s)
}

// ack writes down that a post was acknowledged. A second acknowledgement must say the same.
func (b *book) ack(s *sent, m contract.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ClientKey != s.Key || m.AuthorID != s.Author || m.RoomID != s.Room || m.Number < 1 {
		b.faults = append(b.faults, fmt.Sprintf("%s was answered with message %d of room %d by %d with the key %s", s.Key, m.Number, m.RoomID, m.AuthorID, m.ClientKey))
	}
	if s.acked() && (s.Acked.Number != m.Number || s.Acked.ID != m.ID) {
		b.faults = append(b.faults, fmt.Sprintf("%s was acknowledged as number %d and then as number %d", s.Key, s.Acked.Number, m.Number))
	}
	s.Acked = m
}

// tried writes down that a change of the message is about to be asked for, and returns its place.
func (b *book) tried(s *sent, body string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Bodies = append(s.Bodies, body)
	return len(s.Bodies) - 1
}

// changed writes down that a change was acknowledged.
func (b *book) changed(s *sent, place int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Said = place
}

// evidence is everything there is to judge by, when all is quiet again.
type evidence struct {
	book *book
	// history is what the server has of each room, as it was paged out.
	history map[contract.ID][]contract.Message
	// replicas are what each member holds of each room, by number.
	replicas map[string]map[contract.ID]map[contract.Number]contract.Message
	// absent are members who did not come back.
	absent []string
}

// ledger is the account. All but the first three should be zero.
type ledger struct {
	meant, acked, unknown                                                   int
	lost, duplicated, phantom, outOfOrder, gaps, altered, differing, absent int
	faults                                                                  []string
}

func (l *ledger) fault(count *int, format string, args ...any) {
	*count++
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// clean says whether nothing is wrong.
func (l *ledger) clean() bool { return len(l.faults) == 0 }

// judge accounts for every message. It trusts nobody: what a room holds is compared with what was meant, and what members hold with the room.
func judge(e evidence) *ledger {
	l := &ledger{faults: slices.Clone(e.book.faults)}
	l.altered = len(l.faults)
	byKey := map[string]*sent{}
	for _, s := range e.book.all {
		byKey[s.Key] = s
		l.meant++
		if s.acked() {
			l.acked++
		} else {
			l.unknown++
		}
	}
	for _, room := range slices.Sorted(maps.Keys(e.history)) {
		l.judgeRoom(room, e.history[room], byKey)
	}
	l.judgeSenders(e)
	for _, name := range slices.Sorted(maps.Keys(e.replicas)) {
		for _, room := range slices.Sorted(maps.Keys(e.replicas[name])) {
			l.judgeReplica(name, room, e.replicas[name][room], e.history[room])
		}
	}
	for _, name := range e.absent {
		l.fault(&l.absent, "%s did not come back", name)
	}
	return l
}

// judgeRoom looks at what is there: numbers without a hole, each key once, nothing that nobody sent, everything as it was acknowledged.
func (l *ledger) judgeRoom(room contract.ID, history []contract.Message, byKey map[string]*sent) {
	seen := map[string]contract.Number{}
	revisions := map[contract.Revision]contract.Number{}
	for i, m := range history {
		if want := contract.Number(i + 1); m.Number != want {
			l.fault(&l.gaps, "room %d: number %d is where %d should be", room, m.Number, want)
		}
		if other, taken := revisions[m.Revision]; taken {
			l.fault(&l.duplicated, "room %d: revision %d is that of number %d and of number %d", room, m.Revision, other, m.Number)
		}
		revisions[m.Revision] = m.Number
		s := byKey[m.ClientKey]
		if s == nil || s.Room != room || s.Author != m.AuthorID {
			l.fault(&l.phantom, "room %d: number %d (%s by %d) was never sent there by them", room, m.Number, m.ClientKey, m.AuthorID)
			continue
		}
		if first, twice := seen[m.ClientKey]; twice {
			l.fault(&l.duplicated, "room %d: %s is there as number %d and as number %d", room, m.ClientKey, first, m.Number)
			continue
		}
		seen[m.ClientKey] = m.Number
		if s.acked() && (s.Acked.Number != m.Number || s.Acked.ID != m.ID) {
			l.fault(&l.altered, "room %d: %s was acknowledged as number %d and is number %d", room, s.Key, s.Acked.Number, m.Number)
		}
		if body := said(m); !slices.Contains(s.Bodies[s.Said:], body) {
			l.fault(&l.altered, "room %d: number %d says %q and should say one of %q", room, m.Number, body, s.Bodies[s.Said:])
		}
	}
	for _, s := range byKey {
		if _, there := seen[s.Key]; s.Room == room && s.acked() && !there {
			l.fault(&l.lost, "room %d: %s was acknowledged as number %d and is not there", room, s.Key, s.Acked.Number)
		}
	}
}

// judgeSenders looks at the order in which each author's messages to each room are there. One that was given up may still arrive late.
func (l *ledger) judgeSenders(e evidence) {
	type lane struct{ room, author contract.ID }
	last := map[lane]*sent{}
	numbers := map[string]contract.Number{}
	for _, history := range e.history {
		for _, m := range history {
			numbers[m.ClientKey] = m.Number
		}
	}
	for _, s := range e.book.all {
		number, there := numbers[s.Key]
		if !s.acked() || !there {
			continue
		}
		in := lane{s.Room, s.Author}
		if before := last[in]; before != nil && numbers[before.Key] > number {
			l.fault(&l.outOfOrder, "room %d: %s (number %d) was sent before %s (number %d)", s.Room, before.Key, numbers[before.Key], s.Key, number)
		}
		last[in] = s
	}
}

// judgeReplica compares what a member holds with the history.
func (l *ledger) judgeReplica(name string, room contract.ID, held map[contract.Number]contract.Message, history []contract.Message) {
	var missing, different, extra []string
	known := map[contract.Number]bool{}
	for _, m := range history {
		known[m.Number] = true
		mine, there := held[m.Number]
		switch {
		case !there:
			missing = append(missing, fmt.Sprint(m.Number))
		case mine.ID != m.ID || mine.ClientKey != m.ClientKey || mine.Revision != m.Revision || said(mine) != said(m):
			different = append(different, fmt.Sprint(m.Number))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(held)) {
		if !known[number] {
			extra = append(extra, fmt.Sprint(number))
		}
	}
	for what, numbers := range map[string][]string{"lacks": missing, "has another version of": different, "has what is not there:": extra} {
		if len(numbers) > 0 {
			l.fault(&l.differing, "%s %s %s in room %d", name, what, strings.Join(numbers, ", "), room)
		}
	}
}

func said(m contract.Message) string {
	if m.DeletedAt.Set {
		return gone
	}
	return m.Body
}
