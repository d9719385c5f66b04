package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Redis is a Keeper. A user's sessions are the fields of one hash, so that each method is one script over declared keys and nothing can get
// out of step with an index. The keys share one hash tag, so that a script may also write down what ended: a refresh takes Redis some 50 µs,
// and one shard of a cluster is enough for more sessions than a server of ours has people.
type Redis struct {
	client  rueidis.Client
	prefix  string
	policy  Policy
	timeout time.Duration
}

// NewRedis keeps sessions under keys that begin with prefix. timeout bounds one call: whoever waits for a Redis that has stopped learns that
// it cannot be asked.
func NewRedis(client rueidis.Client, prefix string, policy Policy, timeout time.Duration) *Redis {
	return &Redis{client: client, prefix: prefix + ":{sessions}:", policy: policy, timeout: timeout}
}

// row is a session as it is stored, times in milliseconds. Lua's numbers are exact up to 2^53.
type row struct {
	ID            string `json:"id"`
	User          int64  `json:"user"`
	Agent         string `json:"agent"`
	Place         string `json:"place"`
	Current       string `json:"current"`
	Previous      string `json:"previous"`
	PreviousUntil int64  `json:"previous_until"`
	Sealed        string `json:"sealed"`
	Created       int64  `json:"created"`
	Used          int64  `json:"used"`
	Expires       int64  `json:"expires"`
	Proved        int64  `json:"proved"`
}

func (r row) session() Session {
	return Session{
		ID: r.ID, User: r.User, Device: Device{Agent: r.Agent, Place: r.Place},
		CreatedAt: time.UnixMilli(r.Created).UTC(), UsedAt: time.UnixMilli(r.Used).UTC(), ExpiresAt: time.UnixMilli(r.Expires).UTC(),
		ProvedAt: time.UnixMilli(r.Proved).UTC(),
	}
}

// luaHead is the beginning of every script. KEYS[1] is the user's hash, KEYS[2] the sorted set of what ended; the first arguments are the
// time, the idle limit and how long an end is remembered.
const luaHead = `
local now, idle, remember = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function over(s) return now >= s.expires or now >= s.used + idle end
local function drop(id, user)
  redis.call('HDEL', KEYS[1], id)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - remember)
  redis.call('ZADD', KEYS[2], now, user .. ':' .. id)
  redis.call('PEXPIRE', KEYS[2], 2 * remember)
end
local function living()
  local list = {}
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local s = cjson.decode(all[i + 1])
    if over(s) then redis.call('HDEL', KEYS[1], all[i]) else s.raw = all[i + 1]; list[#list + 1] = s end
  end
  table.sort(list, function(a, b) if a.used == b.used then return a.id < b.id end return a.used < b.used end)
  return list
end
`

var (
	// The rest: the session's id and its row, how many there may be, the user.
	luaInsert = rueidis.NewLuaScript(luaHead + `
local list, ended = living(), {}
while #list - #ended >= tonumber(ARGV[6]) do
  local s = list[#ended + 1]
  drop(s.id, ARGV[7])
  ended[#ended + 1] = s.raw
end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
redis.call('PEXPIRE', KEYS[1], idle)
return ended`)

	// The rest: the session's id, the hash presented, the next hash, the sealed successor, the grace, the agent, the place, the user.
	luaRotate = rueidis.NewLuaScript(luaHead + `
local raw = redis.call('HGET', KEYS[1], ARGV[4])
if not raw then return {'over'} end
local s = cjson.decode(raw)
if over(s) then redis.call('HDEL', KEYS[1], ARGV[4]) return {'over'} end
if s.current == ARGV[5] then
  s.previous, s.previous_until, s.sealed = s.current, now + tonumber(ARGV[8]), ARGV[7]
  s.current, s.used, s.agent, s.place = ARGV[6], now, ARGV[9], ARGV[10]
  raw = cjson.encode(s)
  redis.call('HSET', KEYS[1], ARGV[4], raw)
  redis.call('PEXPIRE', KEYS[1], idle)
  return {'rotated', raw}
end
if s.previous == ARGV[5] and now < s.previous_until then return {'graced', raw} end
drop(ARGV[4], ARGV[11])
return {'reused', raw}`)

	// The rest: the session's id. A session of before proofs were kept has proved nothing.
	luaProve = rueidis.NewLuaScript(luaHead + `
local raw = redis.call('HGET', KEYS[1], ARGV[4])
if not raw then return {} end
local s = cjson.decode(raw)
if over(s) then return {} end
s.proved = math.max(s.proved or 0, now)
redis.call('HSET', KEYS[1], ARGV[4], cjson.encode(s))
return {s.id}`)

	// The rest: the only one or empty, the exception or empty, the user.
	luaDelete = rueidis.NewLuaScript(luaHead + `
local ended = {}
for _, s in ipairs(living()) do
  if (ARGV[4] == '' or s.id == ARGV[4]) and s.id ~= ARGV[5] then
    drop(s.id, ARGV[6])
    ended[#ended + 1] = s.raw
  end
end
return ended`)

	// Nothing more. It reads only, but shares the rule of what is over.
	luaList = rueidis.NewLuaScript(luaHead + `
local list = {}
for i, s in ipairs(living()) do list[i] = s.raw end
return list`)
)

// Insert implements Keeper.
func (r *Redis) Insert(ctx context.Context, s Session, hash string) ([]Session, error) {
	raw, err := json.Marshal(row{
		ID: s.ID, User: s.User, Agent: s.Device.Agent, Place: s.Device.Place, Current: hash,
		Created: s.CreatedAt.UnixMilli(), Used: s.UsedAt.UnixMilli(), Expires: s.ExpiresAt.UnixMilli(),
		Proved: s.ProvedAt.UnixMilli(),
	})
	if err != nil {
		return nil, err
	}
	out, err := r.run(ctx, luaInsert, s.User, s.UsedAt, s.ID, string(raw), strconv.Itoa(r.policy.PerUser), number(s.User))
	if err != nil {
		return nil, err
	}
	return sessions(out)
}

// Rotate implements Keeper.
func (r *Redis) Rotate(ctx context.Context, c Change) (Verdict, Session, string, error) {
	out, err := r.run(ctx, luaRotate, c.User, c.Now, c.ID, c.Presented, c.Next, c.Sealed, number(r.policy.Grace.Milliseconds()),
		c.Device.Agent, c.Device.Place, number(c.User))
	if err != nil {
		return Over, Session{}, "", err
	}
	verdict := Over
	if len(out) > 0 {
		verdict = map[string]Verdict{"rotated": Rotated, "graced": Graced, "reused": Reused}[out[0]]
	}
	if verdict == Over || len(out) < 2 {
		return Over, Session{}, "", nil
	}
	var kept row
	if err := json.Unmarshal([]byte(out[1]), &kept); err != nil {
		return Over, Session{}, "", fmt.Errorf("read session: %w", err)
	}
	return verdict, kept.session(), kept.Sealed, nil
}

// List implements Keeper.
func (r *Redis) List(ctx context.Context, user int64, now time.Time) ([]Session, error) {
	out, err := r.run(ctx, luaList, user, now)
	if err != nil {
		return nil, err
	}
	list, err := sessions(out)
	slices.Reverse(list)
	return list, err
}

// Prove implements Keeper.
func (r *Redis) Prove(ctx context.Context, s Ref, now time.Time) (bool, error) {
	out, err := r.run(ctx, luaProve, s.User, now, s.ID)
	return len(out) == 1, err
}

// Delete implements Keeper.
func (r *Redis) Delete(ctx context.Context, user int64, only, except string, now time.Time) ([]Session, error) {
	out, err := r.run(ctx, luaDelete, user, now, only, except, number(user))
	if err != nil {
		return nil, err
	}
	return sessions(out)
}

// Ended implements Keeper.
func (r *Redis) Ended(ctx context.Context, since time.Time) ([]Ref, error) {
	ctx, cancel := r.patience(ctx)
	defer cancel()
	members, err := r.client.Do(ctx, r.client.B().Zrange().Key(r.prefix+"ended").Min(number(since.UnixMilli())).Max("+inf").Byscore().Build()).AsStrSlice()
	if err != nil {
		return nil, away(err)
	}
	refs := make([]Ref, 0, len(members))
	for _, member := range members {
		user, id, _ := strings.Cut(member, ":")
		n, err := strconv.ParseInt(user, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read ended session %q: %w", member, err)
		}
		refs = append(refs, Ref{ID: id, User: n})
	}
	return refs, nil
}

// Writable returns an error while sessions cannot be changed: a replica and a part of a cluster that has lost the others answer to a ping.
func (r *Redis) Writable(ctx context.Context) error {
	return r.client.Do(ctx, r.client.B().Set().Key(r.prefix+"writable").Value("1").Px(time.Minute).Build()).Error()
}

// patience is how long a question may take, whether or not its caller hangs up meanwhile. Many share a connection, and the first who asks after it broke opens it
// anew: if their hanging up ended that, everybody who waits for it would be told of it as their own.
func (r *Redis) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), r.timeout)
}

func (r *Redis) run(ctx context.Context, script *rueidis.Lua, user int64, now time.Time, args ...string) ([]string, error) {
	ctx, cancel := r.patience(ctx)
	defer cancel()
	keys := []string{r.prefix + "user:" + number(user), r.prefix + "ended"}
	head := []string{number(now.UnixMilli()), number(r.policy.Idle.Milliseconds()), number(r.policy.Remember.Milliseconds())}
	out, err := script.Exec(ctx, r.client, keys, append(head, args...)).AsStrSlice()
	if err != nil {
		return nil, away(err)
	}
	return out, nil
}

// away marks what is not the caller's doing. An error that Redis itself answers with is one of ours, in a script, unless it says that it
// cannot serve now.
func away(err error) error {
	if answer, ok := rueidis.IsRedisErr(err); ok {
		for _, prefix := range []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "BUSY", "MISCONF", "NOREPLICAS"} {
			if strings.HasPrefix(answer.Error(), prefix) {
				return fmt.Errorf("%w: %w", ErrUnavailable, err)
			}
		}
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func sessions(raw []string) ([]Session, error) {
	list := make([]Session, 0, len(raw))
	for _, text := range raw {
		var kept row
		if err := json.Unmarshal([]byte(text), &kept); err != nil {
			return nil, fmt.Errorf("read session: %w", err)
		}
		list = append(list, kept.session())
	}
	return list, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
