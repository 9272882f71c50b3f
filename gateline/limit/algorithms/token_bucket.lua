-- Capacity and refill per minute. State: "<level> <microsecond>", the level in 60-millionths of a token.
local UNIT = 60000000

return function(key, now, cost, capacity, per_minute)
  local full = capacity * UNIT
  local level, behind = full, 0
  local state = redis.call('GET', key)
  if state then
    local kept, since = string.match(state, '^(%d+) (%d+)$')
    local at = tonumber(since)
    level = tonumber(kept)
    if at > now then now, behind = at, at - now end
    -- Far beyond 2^53 a product is no longer exact, but then it is far above what is missing, too.
    local refill = (now - at) * per_minute
    if refill >= full - level then level = full else level = level + refill end
  end
  local wanted = cost * UNIT
  local retry = 0
  if level >= wanted then
    level = level - wanted
  else
    retry = behind + math.floor((wanted - level + per_minute - 1) / per_minute)
  end
  local reset = behind + math.floor((full - level + per_minute - 1) / per_minute)
  return retry == 0, math.floor(level / UNIT), retry, reset, retry == 0 and string.format('%d %d', level, now)
end
