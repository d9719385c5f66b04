package bench

import "testing"

// said is what one listener hears, live or from history (negative), up to number 6.
func TestTally(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said []int64
		want Ledger
	}{
		"whole":                      {[]int64{1, 2, 3, 4, 5, 6}, Ledger{}},
		"the newest is lost":         {[]int64{1, 2, 3, 4, 5}, Ledger{Lost: 1}},
		"some in between are lost":   {[]int64{1, 2, 5, 6}, Ledger{Lost: 2}},
		"twice":                      {[]int64{1, 2, 3, 3, 4, 5, 6}, Ledger{Doubled: 1}},
		"too late":                   {[]int64{1, 3, 2, 4, 5, 6}, Ledger{Disordered: 1}},
		"too late and twice":         {[]int64{1, 3, 2, 2, 4, 5, 6}, Ledger{Disordered: 1, Doubled: 1}},
		"no number":                  {[]int64{0, 1, 2, 3, 4, 5, 6}, Ledger{Altered: 1}},
		"a leap that is nonsense":    {[]int64{1, 2, 3, 4, 5, 6, 1 << 50}, Ledger{Altered: 1}},
		"a gap, healed":              {[]int64{1, 2, 5, -3, -4, -5, 6}, Ledger{}},
		"history, and then the same": {[]int64{1, -2, -3, 2, 3, 4, 5, 6}, Ledger{}},
		"history, and twice":         {[]int64{1, -2, 2, 2, 3, 4, 5, 6}, Ledger{Doubled: 1}},
		"a gap, half healed":         {[]int64{1, 5, -3, 6}, Ledger{Lost: 2}},
	} {
		all := tally{next: 1}
		for _, n := range c.said {
			if n < 0 {
				all.fill(-n)
			} else {
				all.take(n, 0)
			}
		}
		if got := all.ledger(6); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Number 2 was sent twice more, because its answer did not come. The server may tell of it as often, and after others.
func TestTally_sent_again(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said []int64
		want Ledger
	}{
		"told once":                {[]int64{1, 2, 3}, Ledger{}},
		"told each time":           {[]int64{1, 2, 2, 3, 2}, Ledger{}},
		"told the second time":     {[]int64{1, 3, 2}, Ledger{}},
		"read and told each time":  {[]int64{1, -2, 2, 2, 3, 2}, Ledger{}},
		"told more often":          {[]int64{1, 2, 2, 3, 2, 2}, Ledger{Doubled: 1}},
		"another told again":       {[]int64{1, 1, 2, 2, 3}, Ledger{Doubled: 1}},
		"another after the others": {[]int64{2, 1, 3}, Ledger{Disordered: 1}},
	} {
		all := tally{next: 1}
		for _, n := range c.said {
			again := 0
			if n == 2 {
				again = 2
			}
			if n < 0 {
				all.fill(-n)
			} else {
				all.take(n, again)
			}
		}
		if got := all.ledger(3); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
