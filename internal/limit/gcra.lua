-- One decision over all KEYS; see doc.go and charge in limit.go.
-- ARGV: the time in microseconds, or '' for Redis's own clock; then step and full of each key. A negative step is a refund.
-- Returns {0, 0} when allowed, else the number of the key with the longest wait, and that wait.
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local kept = redis.call('MGET', unpack(KEYS))
local limited, longest, tats = 0, 0, {}
for i = 1, #KEYS do
  local step, full = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local tat = tonumber(kept[i] or now)
  if tat < now or tat - now > full then tat = now end
  tats[i] = tat + step
  local wait = tats[i] - now - full
  if step > 0 and wait > longest then limited, longest = i, wait end
end
if longest > 0 then return { limited, longest } end
for i, key in ipairs(KEYS) do
  if tats[i] > now then
    redis.call('SET', key, string.format('%.0f', tats[i]), 'PX', math.ceil((tats[i] - now) / 1000))
  elseif kept[i] then
    redis.call('DEL', key)
  end
end
return { 0, 0 }
