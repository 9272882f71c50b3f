"""Runs a post-function in LuaJIT as Kong runs it: in its sandbox, against a small stand-in of the PDK."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lupa.luajit21 import LuaRuntime

# The names that Kong's sandbox gives a function (kong.tools.sandbox.environment), of those that ours could want.
SANDBOX = """
function(code, shared, route, header_count, argument_count)
  local log, ended = {}, {}
  local function many(count)
    return function(most)
      local found = {}
      for i = 1, math.min(count, most or 100) do found["n" .. i] = "v" end
      return found, count > (most or 100) and "truncated" or nil
    end
  end
  local env = {
    ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select, tostring = tostring, type = type,
    string = { format = string.format, find = string.find, sub = string.sub }, table = { concat = table.concat },
    kong = {
      ctx = { shared = shared },
      log = { err = function(...) log[#log + 1] = table.concat({ ... }) end },
      router = { get_route = function() return route end },
      response = { exit = function(status, body, headers)
        ended.status, ended.body, ended.headers = status, body, headers
        error(ended)
      end },
    },
    ngx = {
      var = { kong_request_id = "r-1" },
      req = { get_headers = many(header_count), get_uri_args = many(argument_count) },
    },
  }
  local chunk, syntax = loadstring(code)
  if not chunk then error(syntax) end
  setfenv(chunk, env)
  local ok, result = pcall(chunk)
  if ok and type(result) == "function" then ok, result = pcall(result) end
  if not ok and result ~= ended then error(result) end
  return ended.status, ended.body, ended.headers, log
end
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of the request; `status` None: it goes on."""

    status: int | None
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()


def run_lua(
    code: str,
    shared: dict[str, Any] | None = None,
    *,
    route: dict[str, str] | None = None,
    headers: int = 5,
    arguments: int = 2,
) -> Ran:
    """Run a function with what stands in `kong.ctx.shared`."""
    lua = LuaRuntime(unpack_returned_tuples=True)  # type: ignore[call-arg]  # lupa ships no types
    run = lua.eval(SANDBOX)
    table = lua.table_from(shared or {})
    status, body, told, log = run(code, table, lua.table_from(route) if route else None, headers, arguments)
    lines = tuple(log.values())
    if status is None:
        return Ran(None, log=lines)
    return Ran(status, json.loads(body), dict(told.items()), lines)
