-- One charge point: every bucket is checked, and all are charged or none. The clock is the server's.
-- KEYS: the buckets. ARGV, for each: algorithm, cost, number of figures, figures.
-- Reply: the microsecond of the charge, then for each bucket: allowed (0 or 1), remaining, retry, reset (microseconds).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Room for one bucket from the start: a table that grows costs a microsecond.
local reply, keeps, all_allowed, at = { now, 0, 0, 0, 0 }, { false }, true, 1

local function look(i, cost)
  local take = algorithm(ARGV[at])
  local allowed, remaining, retry, reset, keep = take(KEYS[i], now, cost, tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]))
  at = at + 3 + ARGV[at + 2]
  local place = i * 4 - 2
  reply[place] = allowed and 1 or 0
  reply[place + 1], reply[place + 2], reply[place + 3] = remaining, retry, reset
  return allowed, cost > 0 and keep
end

for i = 1, #KEYS do
  local allowed
  allowed, keeps[i] = look(i, tonumber(ARGV[at + 1]))
  all_allowed = all_allowed and allowed
end
at = 1
for i = 1, #KEYS do
  if all_allowed or reply[i * 4 - 2] == 0 then
    if keeps[i] then keeps[i]() end
    at = at + 3 + ARGV[at + 2]
  else
    -- Nothing is taken from it: it tells what it has without this charge.
    look(i, 0)
  end
end
return reply
