-- Limit and window in seconds. State: "<window's start in seconds> <count>"; limit + 1 is closed.
return function(key, now, cost, limit, window_s)
  local start = math.floor(now / 1000000)
  start = start - start % window_s
  local count = 0
  local state = redis.call('GET', key)
  if state then
    local at, kept = string.match(state, '^(%d+) (%d+)$')
    if tonumber(at) >= start then start, count = tonumber(at), tonumber(kept) end
  end
  local reset = (start + window_s) * 1000000 - now
  local allowed = count + cost <= limit
  if allowed then count = count + cost else count = limit + 1 end
  local keep = string.format('%d %d', start, count)
  if not allowed then return false, 0, reset, reset, keep end
  return true, limit - count, 0, reset, keep
end
