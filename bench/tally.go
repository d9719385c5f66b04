package main

import "time"

// tally is one listener's account of the room. Numbers are contiguous by contract, so it only keeps what is missing.
type tally struct {
	next         int64              // the lowest number that is higher than all heard
	missing      map[int64]struct{} // lower numbers that were not heard yet
	delivered    int
	publications int
	doubled      int
	disordered   int
	altered      int
	last         time.Duration // when the newest event came
}

// maxGap bounds what one event can make a tally remember. A larger leap is no gap but nonsense.
const maxGap = 1 << 20

// take enters an event and says whether it is new.
func (t *tally) take(number int64) bool {
	switch {
	case number < 1 || number-t.next > maxGap:
		t.altered++
		return false
	case number < t.next:
		if _, late := t.missing[number]; !late {
			t.doubled++
			return false
		}
		delete(t.missing, number)
		t.disordered++
	default:
		for n := t.next; n < number; n++ {
			if t.missing == nil {
				t.missing = map[int64]struct{}{}
			}
			t.missing[n] = struct{}{}
		}
		t.next = number + 1
	}
	t.delivered++
	return true
}

// lost counts the numbers up to last that were not heard.
func (t *tally) lost(last int64) int {
	lost := max(last-(t.next-1), 0)
	for n := range t.missing {
		if n <= last {
			lost++
		}
	}
	return int(lost)
}

// sums are the tallies of all listeners in one.
type sums struct {
	delivered, publications int
	ledger                  ledger
}

func (s *sums) add(t *tally, last int64) {
	s.delivered += t.delivered
	s.publications += t.publications
	s.ledger = s.ledger.plus(ledger{t.lost(last), t.doubled, t.disordered, t.altered})
}

func (s sums) minus(o sums) sums {
	l := s.ledger
	return sums{s.delivered - o.delivered, s.publications - o.publications, ledger{
		// Less is lost than before when something came too late for its own phase; there it counts.
		max(l.Lost-o.ledger.Lost, 0), l.Doubled - o.ledger.Doubled, l.Disordered - o.ledger.Disordered, l.Altered - o.ledger.Altered,
	}}
}
