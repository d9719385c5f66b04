package lease

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is how many leases one owner may hold at a time.
type Rule struct {
	// Cap is the number; 0 is any.
	Cap int
	// Evict has the oldest make room for a newcomer beyond the cap; without it the newcomer is refused.
	Evict bool
}

// Lease is one of an owner's.
type Lease struct {
	Owner int64
	ID    string // unique among all nodes
	Since time.Time
}

// name is how a lease is written down. Names of one owner sort by age. Two nodes' clocks may differ, so the age of leases on different nodes is
// only about right, which is enough to choose whom to evict.
func (l Lease) name() string { return fmt.Sprintf("%016d:%s", l.Since.UnixMicro(), l.ID) }

func parse(owner int64, name string) (Lease, error) {
	since, id, _ := strings.Cut(name, ":")
	us, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return Lease{}, fmt.Errorf("%q is not the name of a lease: %w", name, err)
	}
	return Lease{Owner: owner, ID: id, Since: time.UnixMicro(us)}, nil
}

// admit is the rule for a newcomer: whether there is room beside the others an owner holds, and who of them makes it. take.lua says the same.
func (r Rule) admit(others []Lease) (ok bool, evict []Lease) {
	over := len(others) + 1 - r.Cap
	if r.Cap <= 0 || over <= 0 {
		return true, nil
	}
	return r.Evict, r.oldest(others, over)
}

// surplus are those that a rule which evicts takes away from what an owner holds.
func (r Rule) surplus(held []Lease) []Lease {
	if r.Cap <= 0 {
		return nil
	}
	return r.oldest(held, len(held)-r.Cap)
}

func (r Rule) oldest(list []Lease, n int) []Lease {
	if !r.Evict || n <= 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(list), func(a, b Lease) int { return cmp.Compare(a.name(), b.name()) })
	return sorted[:n]
}

// Table keeps leases. Both implementations guarantee:
//
//   - Each method is atomic for each owner against every other call, on this node for Memory and on all nodes for Redis.
//   - A lease counts until its life after the latest Take or Renew has passed, or until Drop, and not a moment longer.
//   - Take of a lease that is held already renews it.
//   - Under a Rule that refuses, an owner never gets beyond the cap by Take. Under one that evicts, Take always succeeds and afterwards the
//     owner holds no more than the cap: the oldest others are dropped and returned.
//   - Renew takes again what had lapsed or was forgotten, whatever the cap. Under a Rule that evicts, the oldest beyond the cap are then
//     dropped and returned, be they among the renewed or not.
type Table interface {
	Take(ctx context.Context, l Lease) (taken bool, evicted []Lease, err error)
	Renew(ctx context.Context, leases []Lease) (evicted []Lease, err error)
	Drop(ctx context.Context, leases []Lease) error
	// Held says of each owner whether they hold any lease.
	Held(ctx context.Context, owners []int64) ([]bool, error)
}

// Life is how long a lease lasts unless it is renewed, and renewEvery how often it is: two renewals may fail.
const (
	Life       = 60 * time.Second
	renewEvery = Life / 3
)

// byOwner sorts leases into groups of one owner each, so that a group is one step of a Table's.
func byOwner(leases []Lease) [][]Lease {
	sorted := slices.Clone(leases)
	slices.SortStableFunc(sorted, func(a, b Lease) int { return cmp.Compare(a.Owner, b.Owner) })
	var groups [][]Lease
	for i := 0; i < len(sorted); {
		end := i + 1
		for end < len(sorted) && sorted[end].Owner == sorted[i].Owner {
			end++
		}
		groups = append(groups, sorted[i:end])
		i = end
	}
	return groups
}
