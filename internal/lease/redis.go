package lease

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// Redis is the Table of all nodes that use one Redis, with a sorted set for each owner. The keys of a call need not lie in one shard of a
// cluster.
type Redis struct {
	config RedisConfig
	take   *rueidis.Lua
	held   *rueidis.Lua
}

var _ Table = (*Redis)(nil)

// RedisConfig is what a Redis works with.
type RedisConfig struct {
	Client rueidis.Client // its owner closes it
	Prefix string         // begins every key
	Rule   Rule
	Life   time.Duration
	// Timeout bounds what one round of questions may take.
	Timeout time.Duration
	// Clock is nil but in tests: Redis's own clock is the one that all nodes share.
	Clock func() time.Time
}

var (
	//go:embed take.lua
	takeLua string
	//go:embed held.lua
	heldLua string
)

// batch is how many owners are asked for in one go.
const batch = 500

// NewRedis makes a Table. It asks Redis nothing yet.
func NewRedis(c RedisConfig) *Redis {
	return &Redis{config: c, take: rueidis.NewLuaScript(takeLua), held: rueidis.NewLuaScript(heldLua)}
}

// Take implements Table.
func (r *Redis) Take(ctx context.Context, l Lease) (taken bool, evicted []Lease, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	answer := r.take.Exec(ctx, r.config.Client, []string{r.key(l.Owner)}, r.args("take", l))
	n, evicted, err := outcome(l.Owner, answer)
	return n > 0, evicted, err
}

// Renew implements Table.
func (r *Redis) Renew(ctx context.Context, leases []Lease) (evicted []Lease, err error) {
	groups := byOwner(leases)
	for len(groups) > 0 {
		n := min(batch, len(groups))
		some, err := r.renew(ctx, groups[:n])
		evicted = append(evicted, some...)
		if err != nil {
			return evicted, err
		}
		groups = groups[n:]
	}
	return evicted, nil
}

func (r *Redis) renew(ctx context.Context, groups [][]Lease) (evicted []Lease, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	calls := make([]rueidis.LuaExec, len(groups))
	for i, g := range groups {
		calls[i] = rueidis.LuaExec{Keys: []string{r.key(g[0].Owner)}, Args: r.args("renew", g...)}
	}
	var faults []error
	for i, answer := range r.take.ExecMulti(ctx, r.config.Client, calls...) {
		_, some, err := outcome(groups[i][0].Owner, answer)
		evicted, faults = append(evicted, some...), append(faults, err)
	}
	return evicted, errors.Join(faults...)
}

// Drop implements Table.
func (r *Redis) Drop(ctx context.Context, leases []Lease) error {
	groups := byOwner(leases)
	for len(groups) > 0 {
		n := min(batch, len(groups))
		if err := r.drop(ctx, groups[:n]); err != nil {
			return err
		}
		groups = groups[n:]
	}
	return nil
}

func (r *Redis) drop(ctx context.Context, groups [][]Lease) error {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	c := r.config.Client
	commands := make(rueidis.Commands, len(groups))
	for i, g := range groups {
		commands[i] = c.B().Zrem().Key(r.key(g[0].Owner)).Member(names(g)...).Build()
	}
	var faults []error
	for _, answer := range c.DoMulti(ctx, commands...) {
		faults = append(faults, answer.Error())
	}
	return errors.Join(faults...)
}

// Held implements Table.
func (r *Redis) Held(ctx context.Context, owners []int64) ([]bool, error) {
	answer := make([]bool, 0, len(owners))
	for len(owners) > 0 {
		n := min(batch, len(owners))
		some, err := r.some(ctx, owners[:n])
		if err != nil {
			return nil, err
		}
		answer, owners = append(answer, some...), owners[n:]
	}
	return answer, nil
}

func (r *Redis) some(ctx context.Context, owners []int64) ([]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	calls := make([]rueidis.LuaExec, len(owners))
	for i, o := range owners {
		calls[i] = rueidis.LuaExec{Keys: []string{r.key(o)}, Args: []string{r.now()}}
	}
	answer := make([]bool, len(owners))
	for i, reply := range r.held.ExecMulti(ctx, r.config.Client, calls...) {
		n, err := reply.AsInt64()
		if err != nil {
			return nil, fmt.Errorf("ask for leases: %w", err)
		}
		answer[i] = n > 0
	}
	return answer, nil
}

func (r *Redis) key(owner int64) string {
	return r.config.Prefix + ":lease:" + strconv.FormatInt(owner, 10)
}

func (r *Redis) now() string {
	if r.config.Clock == nil {
		return ""
	}
	return strconv.FormatInt(r.config.Clock().UnixMilli(), 10)
}

func (r *Redis) args(what string, leases ...Lease) []string {
	beyond := "refuse"
	if r.config.Rule.Evict {
		beyond = "evict"
	}
	head := []string{r.now(), strconv.FormatInt(r.config.Life.Milliseconds(), 10), strconv.Itoa(r.config.Rule.Cap), beyond, what}
	return append(head, names(leases)...)
}

func names(leases []Lease) []string {
	list := make([]string, len(leases))
	for i, l := range leases {
		list[i] = l.name()
	}
	return list
}

// outcome reads what take.lua answered: how many were taken, and who was evicted.
func outcome(owner int64, answer rueidis.RedisResult) (taken int64, evicted []Lease, err error) {
	list, err := answer.ToArray()
	if err == nil && len(list) == 0 {
		err = errors.New("the script answered nothing")
	}
	if err != nil {
		return 0, nil, fmt.Errorf("take leases: %w", err)
	}
	if taken, err = list[0].AsInt64(); err != nil {
		return 0, nil, fmt.Errorf("take leases: %w", err)
	}
	for _, item := range list[1:] {
		name, err := item.ToString()
		if err != nil {
			return 0, nil, fmt.Errorf("take leases: %w", err)
		}
		l, err := parse(owner, name)
		if err != nil {
			return 0, nil, fmt.Errorf("take leases: %w", err)
		}
		evicted = append(evicted, l)
	}
	return taken, evicted, nil
}
