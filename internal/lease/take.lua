-- Takes leases of one owner, whose key is KEYS[1]: a sorted set of names by when they lapse, in milliseconds. See Table and Rule.admit in lease.go.
-- ARGV: the time in milliseconds, or '' for Redis's own clock; the life; the cap, 0 for none; evict or refuse; take or renew; then names.
-- Returns the number of names taken, then the names of those that were evicted.
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local key, life, cap, evicts, taking = KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == 'evict', ARGV[5] == 'take'
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)

-- Drops the oldest n. A newcomer is not among them: it is added afterwards, so it does not make room for itself.
local function evict(n)
  local names = redis.call('ZRANGE', key, 0, -1)
  table.sort(names)
  local gone = {}
  for i = 1, n do gone[i] = names[i] end
  if n > 0 then redis.call('ZREM', key, unpack(gone)) end
  return gone
end

local answer = { #ARGV - 5 }
local gone = {}
if taking then
  local held = redis.call('ZREM', key, ARGV[6])
  local over = redis.call('ZCARD', key) + 1 - cap
  if cap > 0 and over > 0 then
    if evicts then
      gone = evict(over)
    elseif held == 0 then
      return { 0 }
    end
  end
end
for i = 6, #ARGV do redis.call('ZADD', key, now + life, ARGV[i]) end
redis.call('PEXPIRE', key, life)
if not taking and cap > 0 and evicts then gone = evict(math.max(0, redis.call('ZCARD', key) - cap)) end
for _, name in ipairs(gone) do answer[#answer + 1] = name end
return answer
