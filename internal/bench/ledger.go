package bench

// Ledger counts what should not be, over all listeners.
type Ledger struct {
	Lost       int `json:"lost"`
	Doubled    int `json:"doubled"`
	Disordered int `json:"out_of_order"`
	Altered    int `json:"altered"`
}

func (l Ledger) plus(o Ledger) Ledger {
	return Ledger{l.Lost + o.Lost, l.Doubled + o.Doubled, l.Disordered + o.Disordered, l.Altered + o.Altered}
}

// tally is one listener's account of one room. Numbers are contiguous by contract, so it only keeps what is missing.
type tally struct {
	room       int
	next       int64              // the lowest number that is higher than all known
	missing    map[int64]struct{} // lower numbers that are not known yet
	read       map[int64]struct{} // what was read from history and may still come live
	repeated   map[int64]int      // how often what was known came live again
	revision   int64              // the newest seen
	doubled    int
	disordered int
	altered    int
}

// maxGap bounds what one event can make a tally remember. A larger leap is no gap but nonsense.
const maxGap = 1 << 20

// take enters an event and says whether it is new. A post that was sent again, because its answer did not come, may be told of again as often.
func (t *tally) take(number int64, again int) bool {
	if number < 1 || number-t.next > maxGap {
		t.altered++
		return false
	}
	if number >= t.next {
		t.leap(number)
		return true
	}
	if _, late := t.missing[number]; late {
		delete(t.missing, number)
		if again == 0 {
			t.disordered++
		}
		return true
	}
	if _, known := t.read[number]; known {
		delete(t.read, number)
		return false
	}
	if t.repeated == nil {
		t.repeated = map[int64]int{}
	}
	if t.repeated[number]++; t.repeated[number] > again {
		t.doubled++
	}
	return false
}

// fill enters a message that was read from history after a gap, and says whether it is new.
func (t *tally) fill(number int64) bool {
	if number < 1 || number-t.next > maxGap {
		t.altered++
		return false
	}
	_, late := t.missing[number]
	switch {
	case late:
		delete(t.missing, number)
	case number >= t.next:
		t.leap(number)
		if t.read == nil {
			t.read = map[int64]struct{}{}
		}
		t.read[number] = struct{}{}
	default:
		return false
	}
	return true
}

func (t *tally) leap(number int64) {
	for n := t.next; n < number; n++ {
		if t.missing == nil {
			t.missing = map[int64]struct{}{}
		}
		t.missing[n] = struct{}{}
	}
	t.next = number + 1
}

// lost counts the numbers up to last that are not known.
func (t *tally) lost(last int64) int {
	lost := max(last-(t.next-1), 0)
	for n := range t.missing {
		if n <= last {
			lost++
		}
	}
	return int(lost)
}

func (t *tally) ledger(last int64) Ledger {
	return Ledger{Lost: t.lost(last), Doubled: t.doubled, Disordered: t.disordered, Altered: t.altered}
}
