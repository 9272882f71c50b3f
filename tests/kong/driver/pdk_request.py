"""The reading half of Kong's PDK on a simulated request; every value as Lua has it (see `lua.py`)."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tests.kong.driver.lua import LuaError, from_json
from tests.kong.driver.request import Pairs, SimRequest

BUFFER_BYTES = 8192


def collect(pairs: Pairs, most: int) -> dict[object, object]:
    """As `ngx.req.get_headers`: the first `most` pairs, one value bare, several as a list, names in lower case."""
    found: dict[object, object] = {}
    for name, value in pairs[:most]:
        _append(found, name.lower(), value)
    return found


def arguments(query: bytes | None, most: int) -> dict[object, object]:
    """As `ngx.req.get_uri_args`: an argument without `=` is true."""
    found: dict[object, object] = {}
    for part in (query or b"").split(b"&")[:most]:
        if part:
            name, equals, value = part.partition(b"=")
            decoded: object = unquote_to_bytes(value.replace(b"+", b" ")) if equals else True
            _append(found, unquote_to_bytes(name.replace(b"+", b" ")), decoded)
    return found


def _append(found: dict[object, object], name: bytes, value: object) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)  # type: ignore[attr-defined]
    else:
        found[name] = [found[name], value]


def most_of(given: object, what: str) -> int:
    """The optional limit of `get_headers` and `get_query`."""
    if given is None:
        return 100
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise LuaError(f"{what} must be a number")
    if not 1 <= given <= 1000:
        raise LuaError(f"{what} must be >= 1 and <= 1000")
    return int(given)


def name_of(given: object, what: str) -> bytes:
    """A name that must be a string."""
    if not isinstance(given, bytes):
        raise LuaError(f"{what} name must be a string")
    return given


class RequestPart:
    """`kong.request`, `kong.client` without consumers, and what else only reads."""

    def __init__(self, sim: SimRequest) -> None:
        self.sim = sim

    def functions(self) -> dict[str, Callable[..., object]]:
        """The functions by name."""
        sim = self.sim
        return {
            "kong.request.get_method": sim.method.encode,
            "kong.request.get_scheme": sim.scheme.encode,
            "kong.request.get_host": sim.host.encode,
            "kong.request.get_port": lambda: sim.port,
            "kong.request.get_forwarded_scheme": sim.scheme.encode,
            "kong.request.get_forwarded_host": sim.host.encode,
            "kong.request.get_forwarded_port": lambda: sim.port,
            "kong.request.get_forwarded_path": lambda: sim.path,
            "kong.request.get_http_version": lambda: sim.http_version,
            "kong.request.get_path": lambda: sim.path,
            "kong.request.get_raw_path": lambda: sim.path,
            "kong.request.get_path_with_query": self._path_with_query,
            "kong.request.get_raw_query": lambda: sim.query or b"",
            "kong.request.get_query": lambda most=None: arguments(sim.query, most_of(most, "max_args")),
            "kong.request.get_query_arg": self._query_arg,
            "kong.request.get_header": self._header,
            "kong.request.get_headers": lambda most=None: collect(sim.headers, most_of(most, "max_headers")),
            "kong.request.get_raw_body": self._raw_body,
            "kong.request.get_body": self._body,
            "kong.request.get_uri_captures": lambda: {b"unnamed": {}, b"named": {}},
            "kong.client.get_ip": sim.client_ip.encode,
            "kong.client.get_forwarded_ip": (sim.forwarded_ip or sim.client_ip).encode,
            "kong.client.get_port": lambda: 40000,
            "kong.client.get_forwarded_port": lambda: 40000,
            "kong.client.get_protocol": lambda _terminated=None: sim.scheme.encode(),
            "kong.nginx.get_var": lambda name: sim.nginx_vars.get(name_of(name, "variable").decode()),
            "kong.nginx.get_subsystem": lambda: b"http",
            "kong.nginx.get_tls1_version_str": lambda: None,
            "kong.nginx.req_start_time": lambda: 1795467484.5,
            "kong.node.get_id": lambda: b"00000000-0000-4000-8000-000000000000",
            "kong.node.get_hostname": lambda: b"sim",
            "kong.ip.is_trusted": lambda _ip: False,
        }

    def _path_with_query(self) -> bytes:
        return self.sim.path if self.sim.query is None else self.sim.path + b"?" + self.sim.query

    def _query_arg(self, name: object) -> object:
        found = arguments(self.sim.query, 100).get(name_of(name, "query argument"))
        return found[0] if isinstance(found, list) else found

    def _header(self, name: object) -> bytes | None:
        wanted = name_of(name, "header").lower().replace(b"_", b"-")
        return next((value for key, value in self.sim.headers if key.lower() == wanted), None)

    def _raw_body(self, most: object = None) -> bytes | None:
        if len(self.sim.body) <= BUFFER_BYTES or most == 0:
            return self.sim.body
        if isinstance(most, int | float) and len(self.sim.body) <= most:
            return self.sim.body
        return None  # in a file: `nil, err`, of which only the nil travels

    def _body(self, mimetype: object = None) -> object:
        kind = mimetype or self._header(b"content-type") or b""
        if not str(kind).startswith("b'application/json"):
            return None
        try:
            return from_json(self.sim.body)
        except ValueError:
            return None
