-- What wrk sends and what it says at the end. Without arguments each request is the same, and wrk makes it once.
-- paths=FILE, lines=FILE: the next path, the next header line for each request, in turn.
-- known=N, fresh=FILE, from=N, count=N: bearer tokens of a file: its first N lines in turn, but for every tenth request
-- the next of the `count` lines after line `from`, which nobody has seen; skip=N begins further on, each=N
-- takes every Nth request. trace=1: a traceparent of its
-- own for each, not sampled, since nobody collects spans here.
-- wrk runs this with one thread, so that no line is sent twice.

local threads = {}
fresh_used = 0

function setup(thread)
  table.insert(threads, thread)
end

local function lines_of(path, from, count)
  local found, at = {}, 0
  for line in io.lines(path) do
    if at >= from then found[#found + 1] = line end
    at = at + 1
    if #found == count then break end
  end
  return found
end

function init(args)
  local given = {}
  for _, text in ipairs(args) do
    local name, value = text:match("^(%w+)=(.*)$")
    if name then given[name] = value end
  end
  if next(given) == nil then return end

  local head = " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\n"
  for name, value in pairs(wrk.headers) do
    if name ~= "Host" then head = head .. name .. ": " .. value .. "\r\n" end
  end
  local paths = given.paths and lines_of(given.paths, 0, math.huge) or {wrk.path}
  local lines = given.lines and lines_of(given.lines, 0, math.huge)
  local known = given.fresh and lines_of(given.fresh, 0, tonumber(given.known))
  local fresh = given.fresh and lines_of(given.fresh, tonumber(given.from), tonumber(given.count))
  local each = tonumber(given.each or 10)
  local n, skip, random, format = 0, tonumber(given.skip or 0), math.random, string.format
  math.randomseed(os.time())

  function request()
    n = n + 1
    local varying = ""
    if lines then varying = lines[n % #lines + 1] .. "\r\n" end
    if fresh then
      local token
      if n % each == 0 then
        fresh_used = fresh_used + 1
        token = fresh[(skip + fresh_used - 1) % #fresh + 1]
      else
        token = known[n % #known + 1]
      end
      varying = varying .. "authorization: Bearer " .. token .. "\r\n"
    end
    if given.trace then
      varying = varying .. format("traceparent: 00-%08x%08x%08x%08x-%08x%08x-00\r\n",
        random(0, 0x7fffffff), random(0, 0x7fffffff), random(0, 0x7fffffff), random(0, 0x7fffffff),
        random(0, 0x7fffffff), random(0, 0x7fffffff))
    end
    return "GET " .. paths[n % #paths + 1] .. head .. varying .. "\r\n"
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"calls": %d, "duration_us": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d, "fresh_used": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), threads[1]:get("fresh_used") or 0))
end
