-- One charge point: every bucket is checked, and all are charged or none. The clock is the server's.
-- KEYS: the buckets. ARGV, for each: algorithm, cost, number of figures, figures.
-- Reply: the microsecond of the charge, then for each bucket: allowed (0 or 1), remaining, retry, reset (microseconds).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- What an algorithm wants kept is a text, or a function that gets the milliseconds of the expiry. That is never too
-- early for the reset; 1 at least, since 0 would be refused. `%d` is a quarter of the cost of `%.0f`.
local function save(key, keep, reset)
  local milliseconds = string.format('%d', math.floor(reset / 1000) + 1)
  if type(keep) == 'string' then redis.call('SET', key, keep, 'PX', milliseconds) else keep(milliseconds) end
end

-- One bucket is the rule, and takes no tables: a tenth of a charge.
if #KEYS == 1 then
  local take, cost = algorithm(ARGV[1]), tonumber(ARGV[2])
  local allowed, remaining, retry, reset, keep = take(KEYS[1], now, cost, tonumber(ARGV[4]), tonumber(ARGV[5]))
  if keep and cost > 0 then save(KEYS[1], keep, reset) end
  return { now, allowed and 1 or 0, remaining, retry, reset }
end

local reply, keeps, all_allowed, at = { now }, {}, true, 1

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
  local place = i * 4 - 2
  if all_allowed or reply[place] == 0 then
    if keeps[i] then save(KEYS[i], keeps[i], reply[place + 3]) end
    at = at + 3 + ARGV[at + 2]
  else
    -- Nothing is taken from it: it tells what it has without this charge.
    look(i, 0)
  end
end
return reply
