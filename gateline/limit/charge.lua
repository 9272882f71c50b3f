-- One charge point: every bucket is checked, and all are charged or none. The clock is the server's.
-- KEYS: the buckets. ARGV, for each: algorithm, cost, number of figures, figures.
-- Reply: the microsecond of the charge, then for each bucket: allowed (0 or 1), remaining, retry, reset (microseconds).
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local buckets, at, all_allowed = {}, 1, true
for i = 1, #KEYS do
  local take, cost, count = algorithms[ARGV[at]], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local first, second = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  at = at + 3 + count
  local bucket = { take = take, cost = cost, first = first, second = second }
  bucket.allowed, bucket.remaining, bucket.retry, bucket.reset, bucket.keep = take(KEYS[i], now, cost, first, second)
  all_allowed = all_allowed and bucket.allowed
  buckets[i] = bucket
end
local reply = { now }
for i, bucket in ipairs(buckets) do
  local allowed, remaining, retry, reset = bucket.allowed, bucket.remaining, bucket.retry, bucket.reset
  if allowed and not all_allowed then
    allowed, remaining, retry, reset = bucket.take(KEYS[i], now, 0, bucket.first, bucket.second)
  elseif bucket.keep and bucket.cost > 0 then
    bucket.keep()
  end
  local place = i * 4 - 2
  reply[place] = allowed and 1 or 0
  reply[place + 1], reply[place + 2], reply[place + 3] = remaining, retry, reset
end
return reply
