-- Limit and window in seconds. State: a list of the microseconds at which requests passed, oldest first.
-- What is over is dropped only by a charge: a clock that is set back must find it again.
return function(key, now, cost, limit, window_s)
  local window = window_s * 1000000
  local last = tonumber(redis.call('LINDEX', key, -1) or 0)
  local at, over, count = math.max(now, last), 0, 0
  if last > 0 then
    while true do
      local oldest = redis.call('LINDEX', key, over)
      if not oldest or tonumber(oldest) > at - window then break end
      over = over + 1
    end
    count = redis.call('LLEN', key) - over
  end
  local retry, taken = 0, cost
  if cost > 0 and count + cost > limit then
    taken = 0
    local excess = count + cost - limit
    local frees = excess <= count and redis.call('LINDEX', key, over + excess - 1)
    retry = (frees and tonumber(frees) or at) + window - now
  end
  local reset = 0
  if taken > 0 then reset = at + window - now elseif count > 0 then reset = last + window - now end
  local function keep(milliseconds)
    if over > 0 then redis.call('LTRIM', key, over, -1) end
    local text = string.format('%d', at)
    for _ = 1, taken do redis.call('RPUSH', key, text) end
    redis.call('PEXPIRE', key, milliseconds)
  end
  return retry == 0, math.max(0, limit - count - taken), retry, reset, taken > 0 and keep
end
