-- Limit and window in seconds. State: "<window's start in milliseconds> <its count> <the count before>".
return function(key, now_us, cost, limit, window_s)
  local window = window_s * 1000
  local now = math.floor(now_us / 1000)
  local start, count, before = now - now % window, 0, 0
  local state = redis.call('GET', key)
  if state then
    local at, kept, older = string.match(state, '^(%d+) (%d+) (%d+)$')
    at = tonumber(at)
    if at >= start then
      start, count, before = at, tonumber(kept), tonumber(older)
    elseif at + 2 * window > start then
      before = tonumber(kept)
    end
  end
  local elapsed = math.max(0, now - start)
  local retry = 0
  if before * (window - elapsed) + (count + cost) * window <= limit * window then
    count = count + cost
  else
    local fits
    if count + cost <= limit then
      fits = window - math.floor((limit - count - cost) * window / before)
    elseif cost >= limit then
      fits = 2 * window
    else
      fits = 2 * window - math.floor((limit - cost) * window / count)
    end
    retry = math.max(1, (start + fits) * 1000 - now_us)
  end
  local used = math.floor((count * window + before * (window - elapsed) + window - 1) / window)
  local ends = start
  if count > 0 then ends = start + 2 * window elseif before > 0 then ends = start + window end
  local reset = math.max(0, ends * 1000 - now_us)
  local keep = retry == 0 and string.format('%d %d %d', start, count, before)
  return retry == 0, math.max(0, limit - used), retry, reset, keep
end
