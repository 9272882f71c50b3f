"""The changing half of Kong's PDK: what it does to the upstream request, to the response, and to the consumer."""

import uuid
from collections.abc import Callable
from urllib.parse import quote_from_bytes

from tests.kong.driver.lua import Exit, LuaError, table, tostring
from tests.kong.driver.pdk_request import collect, most_of, name_of
from tests.kong.driver.request import Pairs, SimRequest, UpstreamView

METHODS = {
    "GET",
    "HEAD",
    "PUT",
    "POST",
    "DELETE",
    "OPTIONS",
    "MKCOL",
    "COPY",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "LOCK",
    "UNLOCK",
    "PATCH",
    "TRACE",
}


def header_values(name: object, value: object) -> list[bytes]:
    """As Kong checks and writes the value of a header: an empty string becomes a space."""
    if not isinstance(name, bytes):
        raise LuaError(f"invalid header name: got {type(name).__name__}, expected string")
    if isinstance(value, list) or value == {}:
        items = value if isinstance(value, list) else []
        if not all(isinstance(item, bytes) for item in items):
            raise LuaError(f"invalid header value in array {name!r}")
        return [item or b" " for item in items]
    if value is None or isinstance(value, dict):
        raise LuaError(f"invalid header value for {name!r}")
    return [tostring(value) or b" "]


def replace_header(pairs: Pairs, name: bytes, values: list[bytes]) -> None:
    """Set a header: in place of the first one of that name, at the end where there is none."""
    same = [at for at, (key, _) in enumerate(pairs) if key.lower() == name.lower()]
    at = same[0] if same else len(pairs)
    pairs[:] = [pair for number, pair in enumerate(pairs) if number not in same]
    pairs[at:at] = [(name, value) for value in values]


class ChangePart:
    """`kong.service`, `kong.response`, `kong.ctx.shared`, consumers; keeps what has been changed."""

    def __init__(self, sim: SimRequest, consumers: list[dict[str, object]], upstreams: set[str]) -> None:
        self.sim = sim
        self._consumers = consumers
        self._upstreams = upstreams
        path = sim.path if sim.upstream_path is None else sim.upstream_path
        self.upstream = UpstreamView(sim.method, "http", path, sim.query, list(sim.headers), sim.body)
        self.response: Pairs = []
        self.response_status: int | None = None
        self.shared: dict[object, object] = {key.encode(): table(value) for key, value in sim.shared.items()}
        self.ctx: dict[object, object] = {}
        self.consumer: object = None
        self.credential: object = None
        self.log: list[bytes] = []

    def functions(self) -> dict[str, Callable[..., object]]:
        """The functions by name."""
        levels = {
            f"kong.log.{level}": self._log
            for level in ["alert", "crit", "err", "warn", "notice", "info", "debug", "inspect"]
        }
        return levels | self._context_functions() | self._service_functions() | self._response_functions()

    def _context_functions(self) -> dict[str, Callable[..., object]]:
        return {
            "kong.log.serialize": lambda: self.sim.log_serialized,
            "kong.log.set_serialize_value": lambda _key, _value, _options=None: None,
            "kong.ctx.shared.get": self.shared.get,
            "kong.ctx.shared.set": self._share,
            "kong.nginx.get_ctx": self.ctx.get,
            "kong.nginx.set_ctx": self.ctx.__setitem__,
            "kong.client.load_consumer": self._load_consumer,
            "kong.client.get_consumer": lambda: self.consumer,
            "kong.client.get_credential": lambda: self.credential,
            "kong.client.authenticate": self._authenticate,
        }

    def _service_functions(self) -> dict[str, Callable[..., object]]:
        return {
            "kong.service.set_upstream": self._set_upstream,
            "kong.service.set_target": self._set_target,
            "kong.service.request.set_scheme": self._set_scheme,
            "kong.service.request.set_path": self._set_path,
            "kong.service.request.set_raw_query": self._set_raw_query,
            "kong.service.request.set_query": self._set_query,
            "kong.service.request.set_method": self._set_method,
            "kong.service.request.set_header": lambda name=None, value=None: self._set(
                self.upstream.headers, name, value
            ),
            "kong.service.request.add_header": lambda name=None, value=None: self._add(
                self.upstream.headers, name, value
            ),
            "kong.service.request.clear_header": lambda name=None: self._clear(self.upstream.headers, name),
            "kong.service.request.set_headers": lambda headers=None: self._set_all(self.upstream.headers, headers),
            "kong.service.request.set_raw_body": self._set_raw_body,
            "kong.service.response.get_status": lambda: self.sim.upstream_status,
            "kong.service.response.get_headers": lambda most=None: collect(
                self.sim.upstream_headers, most_of(most, "max_headers")
            ),
            "kong.service.response.get_header": lambda name: collect(self.sim.upstream_headers, 100).get(name.lower()),
            "kong.service.response.get_raw_body": lambda: self.sim.upstream_body,
        }

    def _response_functions(self) -> dict[str, Callable[..., object]]:
        return {
            "kong.response.get_status": lambda: self.response_status or self.sim.upstream_status,
            "kong.response.get_source": lambda: b"service",
            "kong.response.get_header": lambda name: collect(self.response, 100).get(name.lower()),
            "kong.response.get_headers": lambda most=None: collect(self.response, most_of(most, "max_headers")),
            "kong.response.set_status": self._set_status,
            "kong.response.set_header": lambda name=None, value=None: self._set(self.response, name, value),
            "kong.response.add_header": lambda name=None, value=None: self._add(self.response, name, value),
            "kong.response.clear_header": lambda name=None: self._clear(self.response, name),
            "kong.response.set_headers": lambda headers=None: self._set_all(self.response, headers),
            "kong.response.exit": self._exit,
            "kong.response.error": lambda status=500, _message=None, headers=None: self._exit(status, None, headers),
        }

    def _log(self, *parts: object) -> None:
        self.log.append(b"".join(tostring(part) for part in parts))

    def _share(self, key: object, value: object = None) -> None:
        if value is None:
            self.shared.pop(key, None)
        else:
            self.shared[key] = value

    def _load_consumer(self, wanted: object = None, by_username: object = None) -> object:
        if not isinstance(wanted, bytes):
            raise LuaError("consumer_id must be a string")
        name = wanted.decode("utf-8", "surrogateescape")
        if not _is_uuid(name) and not by_username:
            raise LuaError("cannot load a consumer with an id that is not a uuid")
        found = [consumer for consumer in self._consumers if consumer.get("id") == name]
        if not found and by_username:
            found = [consumer for consumer in self._consumers if consumer.get("username") == name]
        return to_lua(found[0]) if found else None

    def _authenticate(self, consumer: object = None, credential: object = None) -> None:
        for value, what in ((consumer, "consumer"), (credential, "credential")):
            if value is not None and not isinstance(value, dict):
                raise LuaError(f"{what} must be a table or nil")
        if consumer is None and credential is None:
            raise LuaError("either credential or consumer must be provided")
        self.consumer, self.credential = consumer, credential

    def _set_upstream(self, name: object = None) -> object:
        wanted = name_of(name, "host").decode("utf-8", "surrogateescape")
        if wanted not in self._upstreams:
            return None  # `nil, err`: the text does not travel
        self.upstream.upstream = wanted
        return True

    def _set_target(self, host: object = None, port: object = None) -> None:
        if not isinstance(host, bytes):
            raise LuaError("host must be a string")
        if not isinstance(port, int | float) or port != int(port) or not 0 <= port <= 65535:
            raise LuaError(f"port must be an integer between 0 and 65535: given {port}")
        self.upstream.target = (host.decode(), int(port))

    def _set_scheme(self, scheme: object = None) -> None:
        if scheme not in {b"http", b"https"}:
            raise LuaError("invalid scheme")
        self.upstream.scheme = scheme.decode()  # type: ignore[union-attr]

    def _set_path(self, path: object = None) -> None:
        if not isinstance(path, bytes) or not path.startswith(b"/"):
            raise LuaError("path must start with /")
        self.upstream.path = path

    def _set_raw_query(self, query: object = None) -> None:
        self.upstream.query = name_of(query, "query")

    def _set_query(self, args: object = None) -> None:
        if not isinstance(args, dict):
            raise LuaError("args must be a table")
        parts = []
        for key in sorted(args, key=tostring):
            for value in args[key] if isinstance(args[key], list) else [args[key]]:
                name = quote_from_bytes(tostring(key))
                parts.append(name if value is True else f"{name}={quote_from_bytes(tostring(value))}")
        self.upstream.query = "&".join(parts).encode()

    def _set_method(self, method: object = None) -> None:
        if name_of(method, "method").decode("latin-1") not in METHODS:
            raise LuaError("invalid method")
        self.upstream.method = method.decode()  # type: ignore[union-attr]

    def _set_raw_body(self, body: object = None) -> None:
        if not isinstance(body, bytes):
            raise LuaError("body must be a string")
        self.upstream.body = body

    def _set_status(self, status: object = None) -> None:
        if not isinstance(status, int | float) or not 100 <= status <= 599:
            raise LuaError("code must be a number between 100 and 599")
        self.response_status = int(status)

    def _set(self, pairs: Pairs, name: object, value: object) -> None:
        values = header_values(name, value)
        replace_header(pairs, name, values)  # type: ignore[arg-type]

    def _add(self, pairs: Pairs, name: object, value: object) -> None:
        pairs.extend((name, item) for item in header_values(name, value))  # type: ignore[misc]

    def _clear(self, pairs: Pairs, name: object) -> None:
        gone = name_of(name, "header").lower()
        pairs[:] = [pair for pair in pairs if pair[0].lower() != gone]

    def _set_all(self, pairs: Pairs, headers: object) -> None:
        if not isinstance(headers, dict):
            raise LuaError("headers must be a table")
        checked = {name: header_values(name, value) for name, value in headers.items()}
        for name, values in checked.items():
            replace_header(pairs, name, values)

    def _exit(self, status: object = None, body: object = None, headers: object = None) -> None:
        if not isinstance(status, int | float) or isinstance(status, bool) or not 100 <= status <= 599:
            raise LuaError("code must be a number between 100 and 599")
        if body is not None and not isinstance(body, bytes | dict | list):
            raise LuaError("body must be a nil, string or table")
        if headers is not None and not isinstance(headers, dict):
            raise LuaError("headers must be a nil or table")
        for name, value in (headers or {}).items():
            header_values(name, value)
        raise Exit(int(status), body, headers or {})


def to_lua(value: object) -> object:
    """A Python value of a test as Lua holds it."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {to_lua(key): to_lua(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [to_lua(item) for item in value] or {}
    return value


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
