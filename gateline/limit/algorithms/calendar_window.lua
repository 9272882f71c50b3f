-- Limit, and 0 for days or 1 for months of UTC. State: "<window's first day since 1970> <count>".
local floor = math.floor

local function civil(day)
  local shifted = day + 719468
  local era = floor(shifted / 146097)
  local of_era = shifted - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local from_march = floor((5 * of_year + 2) / 153)
  local month = from_march < 10 and from_march + 3 or from_march - 9
  return era * 400 + year + (month <= 2 and 1 or 0), month
end

local function days_until(year, month)
  if month <= 2 then year = year - 1 end
  local era = floor(year / 400)
  local of_era = year - era * 400
  local of_year = floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5)
  return era * 146097 + of_era * 365 + floor(of_era / 4) - floor(of_era / 100) + of_year - 719468
end

local function window_of(day, unit)
  if unit == 0 then return day, day + 1 end
  local year, month = civil(day)
  return days_until(year, month), days_until(year + floor(month / 12), month % 12 + 1)
end

return function(key, now, cost, limit, unit)
  local start, ends = window_of(floor(now / 86400000000), unit)
  local count = 0
  local state = redis.call('GET', key)
  if state then
    local at, kept = string.match(state, '^(%d+) (%d+)$')
    if tonumber(at) >= start then
      start, count = tonumber(at), tonumber(kept)
      local _
      _, ends = window_of(start, unit)
    end
  end
  local reset = ends * 86400000000 - now
  local allowed = count + cost <= limit
  if allowed then count = count + cost end
  if not allowed then return false, math.max(0, limit - count), reset, reset end
  return true, limit - count, 0, reset, string.format('%d %d', start, count)
end
