-- Limit and window in seconds. State: a list of the microseconds at which requests passed, oldest first.
return function(key, now, cost, limit, window_s)
  local window = window_s * 1000000
  local last = tonumber(redis.call('LINDEX', key, -1) or 0)
  local at = math.max(now, last)
  local count = 0
  if last > 0 then
    while true do
      local oldest = redis.call('LINDEX', key, 0)
      if not oldest or tonumber(oldest) > at - window then break end
      redis.call('LPOP', key)
    end
    count = redis.call('LLEN', key)
  end
  local retry = 0
  local taken = cost
  if cost > 0 and count + cost > limit then
    taken = 0
    local over = count + cost - limit
    local frees = over <= count and redis.call('LINDEX', key, over - 1)
    retry = frees and tonumber(frees) + window - now or window + at - now
  end
  if taken > 0 then last = at end
  local reset = 0
  if count + taken > 0 then reset = last + window - now end
  local function keep()
    local text = string.format('%.0f', at)
    for _ = 1, taken do redis.call('RPUSH', key, text) end
    redis.call('PEXPIRE', key, string.format('%.0f', milliseconds(reset)))
  end
  return retry == 0, math.max(0, limit - count - taken), retry, reset, taken > 0 and keep
end
