package limit

import (
	"context"
	"crypto/sha256"
	_ "embed" // the script
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Redis keeps budgets in Redis, for all nodes that use it, and in this node's memory while Redis is away.
type Redis struct {
	config RedisConfig
	client rueidis.Client
	local  *Memory
	script *rueidis.Lua

	away atomic.Bool
	lost chan struct{} // wakes watch
	stop context.CancelFunc
	done sync.WaitGroup
}

var _ Limiter = (*Redis)(nil)

// RedisConfig is what a Redis limiter works with.
type RedisConfig struct {
	Client  rueidis.Client // its owner closes it, after Close
	Prefix  string         // begins every key
	Local   *Memory
	Metrics *Metrics
	Logger  *slog.Logger
	// Timeout bounds one question. Who waits for so long finds out that Redis is away, and nobody after them waits.
	Timeout time.Duration
	// Clock is nil but in tests: Redis's own clock is the one that all nodes share.
	Clock func() time.Time
}

//go:embed gcra.lua
var gcra string

// retryEvery is how often a Redis that is away is asked whether it is back.
const retryEvery = 500 * time.Millisecond

// NewRedis makes a limiter. Redis need not be there: it is looked for until Close.
func NewRedis(ctx context.Context, c RedisConfig) *Redis {
	r := &Redis{config: c, client: c.Client, local: c.Local, script: rueidis.NewLuaScript(gcra), lost: make(chan struct{}, 1)}
	if err := r.probe(ctx); err != nil {
		r.lose(ctx, err)
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = cancel
	r.done.Go(func() { r.watch(watch) })
	return r
}

// Close waits for what NewRedis started.
func (r *Redis) Close() {
	r.stop()
	r.done.Wait()
}

// Allow implements Limiter.
func (r *Redis) Allow(ctx context.Context, keys ...Key) Decision {
	d, ok := r.charge(ctx, 1, keys)
	if !ok {
		r.config.Metrics.local.Inc()
		return r.local.Allow(ctx, keys...)
	}
	if !d.Allowed {
		r.config.Metrics.refused.WithLabelValues(d.Limited).Inc()
	}
	return d
}

// Refund implements Limiter. A charge that one store took and the other gives back is worth one cell at most: no key gets beyond full.
func (r *Redis) Refund(ctx context.Context, keys ...Key) {
	if _, ok := r.charge(ctx, -1, keys); !ok {
		r.local.Refund(ctx, keys...)
	}
}

// Remember implements Limiter. It is noted here too, for when Redis is away.
func (r *Redis) Remember(ctx context.Context, what, id string, life time.Duration) {
	r.local.Remember(ctx, what, id, life)
	r.try(ctx, func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Set().Key(r.key(what, id)).Value("1").Px(life).Build()).Error()
	})
}

// Known implements Limiter.
func (r *Redis) Known(ctx context.Context, what, id string) bool {
	var n int64
	ok := r.try(ctx, func(ctx context.Context, c rueidis.Client) (err error) {
		n, err = c.Do(ctx, c.B().Exists().Key(r.key(what, id)).Build()).AsInt64()
		return err
	})
	if !ok {
		return r.local.Known(ctx, what, id)
	}
	return n > 0
}

// key is short whatever the id is, and tells nobody who reads the keys whose it is at a glance. The hash tag keeps the
// keys of one call together in a cluster.
func (r *Redis) key(what, id string) string {
	sum := sha256.Sum256([]byte(id))
	return r.config.Prefix + ":{limit}:" + what + ":" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// charge runs the script; ok is false when Redis did not answer.
func (r *Redis) charge(ctx context.Context, sign int64, keys []Key) (d Decision, ok bool) {
	names, args := make([]string, 0, len(keys)), make([]string, 1, 1+2*len(keys))
	limits := make([]string, 0, len(keys))
	if r.config.Clock != nil {
		args[0] = strconv.FormatInt(r.config.Clock().UnixMicro(), 10)
	}
	for _, k := range keys {
		if k.Rate.Off() {
			continue
		}
		step, full := k.cell()
		names, limits = append(names, r.key(k.What, k.ID)), append(limits, k.What)
		args = append(args, strconv.FormatInt(sign*step, 10), strconv.FormatInt(full, 10))
	}
	if len(names) == 0 {
		return Decision{Allowed: true}, true
	}
	var answer []int64
	ok = r.try(ctx, func(ctx context.Context, c rueidis.Client) (err error) {
		answer, err = r.script.Exec(ctx, c, names, args).AsIntSlice()
		if err == nil && (len(answer) != 2 || answer[0] < 0 || answer[0] > int64(len(limits))) {
			err = fmt.Errorf("the script answered %v", answer)
		}
		return err
	})
	if !ok {
		return Decision{}, false
	}
	if answer[0] > 0 {
		return refused(limits[answer[0]-1], answer[1]), true
	}
	return Decision{Allowed: true}, true
}

// try asks Redis, unless it is known to be away: then nobody waits for it but watch. The caller's cancellation is left out: a request that hangs
// up is charged all the same, and does not look like a Redis that is away.
func (r *Redis) try(ctx context.Context, ask func(context.Context, rueidis.Client) error) bool {
	if r.away.Load() {
		return false
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
	defer cancel()
	if err := ask(short, r.client); err != nil {
		r.lose(ctx, err)
		return false
	}
	return true
}

// lose notes that Redis is away; of many who find out at once, one says so.
func (r *Redis) lose(ctx context.Context, err error) {
	if !r.away.CompareAndSwap(false, true) {
		return
	}
	r.config.Metrics.away.Set(1)
	r.config.Logger.WarnContext(ctx, "rate limits: Redis is away; this node limits by itself", slog.Any("error", err))
	select {
	case r.lost <- struct{}{}:
	default:
	}
}

// watch waits for Redis to be lost, and then for it to be back.
func (r *Redis) watch(ctx context.Context) {
	t := time.NewTicker(retryEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.lost:
		}
		for r.probe(ctx) != nil {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
		r.away.Store(false)
		r.config.Metrics.away.Set(0)
		r.config.Logger.InfoContext(ctx, "rate limits: Redis is back; all nodes limit together")
	}
}

// probe runs the script on a key of its own: a Redis that answers PING but refuses writes (a replica, no memory left) is of no use.
func (r *Redis) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	const second = "1000000"
	return r.script.Exec(ctx, r.client, []string{r.key("probe", "")}, []string{"", "1", second}).Error()
}
