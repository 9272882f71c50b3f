-- gateline fence, version 1 (`gateline kong fence` writes it; it must stay the first element)
-- A request goes on only where each plugin of Gateline has left its verdict: Kong itself lets it through when a plugin
-- server is away or breaks. This source is shortened when it is written into a Kong file.
local expected = { --[[expected]] }
local more = { --[[more]] }

local function refuse(status, code, title)
  local ok, id = pcall(function() return ngx.var.kong_request_id end)
  local body = string.format(
    '{"type": "urn:gateline:problem:%s", "title": "%s", "status": %d, "code": "%s", "request_id": "%s"}',
    code, title, status, code, ok and id or "")
  local headers = { ["Content-Type"] = "application/problem+json" }
  if status == 503 then
    headers["Retry-After"] = "1"
  end
  return kong.response.exit(status, body, headers)
end

local function missing(names)
  for i = 1, #names do
    if kong.ctx.shared[names[i]] ~= "pass" then
      return names[i]
    end
  end
end

local lacks = missing(expected)
if not lacks and next(more) then
  local route = kong.router.get_route() or {}
  lacks = missing(more[route.name or route.id or ""] or {})
end
if lacks then
  kong.log.err("gateline fence: no verdict in ", lacks)
  return refuse(503, "internal_error", "The gateway failed")
end

local _, headers_left = ngx.req.get_headers(100)
if headers_left == "truncated" then
  return refuse(431, "headers_too_large", "The headers are too large")
end
local _, arguments_left = ngx.req.get_uri_args(100)
if arguments_left == "truncated" then
  return refuse(414, "query_too_large", "The query has too many parameters")
end
