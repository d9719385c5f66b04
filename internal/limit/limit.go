package limit

import (
	"context"
	"time"
)

// Rate is how often: Count at once, and as they are used up, Count more evenly over Per. So 30 in 10 s and 180 in a minute
// are the same in the long run, and the second lets more come at once: there is no setting of its own for bursts. The zero Rate is no
// limit. Per divided by Count is at least a microsecond.
type Rate struct {
	Count int
	Per   time.Duration
}

// Off says that there is no limit.
func (r Rate) Off() bool { return r.Count <= 0 || r.Per <= 0 }

// Key is one budget and what it is asked for.
type Key struct {
	What string // which limit, one of a few fixed names; metrics and Decision.Limited tell it
	ID   string // whose budget; of any length, and kept only as a hash
	Rate Rate
	Cost int // how many at once; 0 is 1, and more than the Rate's Count is Count, so that it can pass at all
}

// Decision is the answer to Allow.
type Decision struct {
	Allowed bool
	// RetryAfter is how long to wait before the same is allowed if nothing else comes; at least a millisecond when it is not.
	RetryAfter time.Duration
	// Limited is What of the key with the longest wait.
	Limited string
}

// Limiter keeps budgets. Both implementations guarantee:
//
//   - Allow charges all keys or none, atomically against every other call for the same keys (on this node for Memory, on all nodes
//     for Redis). A key given twice in a call is charged once.
//   - It answers within the Timeout of its store and never fails: without its store it decides by what this node knows.
//   - Refund takes one charge back; a key never gets more than its Rate's Count by that. It is the pair of an Allow with the same keys: charge first
//     and give back after a success, because asking first and charging later lets many through at once.
//   - Remember and Known are one bit for a time, in the same store: best effort, it may be forgotten early (a restart, a full memory) and is
//     never remembered longer.
type Limiter interface {
	Allow(ctx context.Context, keys ...Key) Decision
	Refund(ctx context.Context, keys ...Key)
	Remember(ctx context.Context, what, id string, life time.Duration)
	Known(ctx context.Context, what, id string) bool
}

// Rates are limits by What. A name that is not in it has no limit.
type Rates map[string]Rate

// Key is id's budget of a limit.
func (r Rates) Key(what, id string) Key { return Key{What: what, ID: id, Rate: r[what]} }

// cell is what a key costs in the unit that both implementations count in, microseconds: step is cost intervals, full is what Count of them
// come to. Microseconds because Lua's numbers are doubles: a time in nanoseconds does not fit.
func (k Key) cell() (step, full int64) {
	count := int64(k.Rate.Count)
	interval := max(1, k.Rate.Per.Microseconds()/count)
	return interval * min(max(int64(k.Cost), 1), count), interval * count
}

// charge is the algorithm: where the TAT goes, and how many microseconds are missing; a positive wait is a refusal. gcra.lua says the same.
// A negative step is a refund and never refused.
func charge(tat, now, step, full int64) (next, wait int64) {
	if tat < now || tat-now > full {
		tat = now
	}
	next = tat + step
	if step > 0 {
		wait = max(0, next-now-full)
	}
	return next, wait
}

// refused is the Decision for a key that wait microseconds are missing for, rounded up to what clients are told in.
func refused(what string, wait int64) Decision {
	ms := (wait + 999) / 1000
	return Decision{RetryAfter: time.Duration(ms) * time.Millisecond, Limited: what}
}

// Budgets are what a door is given: a limiter, and how much it allows.
type Budgets struct {
	Limiter
	Rates
}
