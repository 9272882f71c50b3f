"""The bytes of Envoy's CheckRequest to a `Request`.

What repeats from call to call is decoded once and remembered by its bytes: peers, route names, header lines. The memos
are bounded in number and in the size of what they hold. What a policy seldom asks for is decoded when it asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from ext_authz.header_blocks import MOST_BYTES, Block, Found, HeaderBlocks, headers_of
from ext_authz.memo import Memo
from ext_authz.pb.envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from ext_authz.pb.gateline.check_pb2 import Check, Entry, Extensions, Http
from gateline.values.headers import Headers, to_text
from gateline.values.request import Certificate, Request

ROUTE = "route"
_parse = Check.FromString


def _entry(raw: bytes) -> tuple[str, str]:
    entry = Entry.FromString(raw)
    return entry.key, to_text(entry.value)


def _of_map(pairs: Iterable[tuple[str, str]]) -> Found:
    """A block of header lines that came as a map's entries, which nobody remembers."""
    return Block(Headers(list(pairs)), {}), None, b""


def _route(raw: bytes) -> str | None:
    """The route that this entry names; None where it is of something else."""
    name, value = _entry(raw)
    return value if name == ROUTE else None


def _peer(raw: bytes) -> tuple[str, Certificate | None]:
    peer = AttributeContext.Peer.FromString(raw)
    certificate = None
    if peer.certificate or peer.principal:
        certificate = Certificate(pem=unquote(peer.certificate), principal=peer.principal)
    return peer.address.socket_address.address, certificate


class _Asked(Request):
    """A request whose headers, host, scheme, id and body are decoded when somebody looks at them."""

    __slots__ = ("_found", "_headers", "_http")

    def __init__(
        self,
        http: Http,
        method: str,
        target: str,
        found: Found,
        peer: tuple[str, Certificate | None],
        now: float,
        route: str | None,
    ) -> None:
        self._http = http
        self.method = method
        self.target = target
        self._found = found
        self._headers: Headers | None = None
        self.memo = found[0].memo
        self.peer, self.certificate = peer
        self.now = now
        self.route = route

    # By properties: a class with `__getattr__` pays for it at each look at any attribute.
    @property
    def headers(self) -> Headers:  # type: ignore[override]  # nobody writes to a request
        """All of them."""
        headers = self._headers
        if headers is None:
            headers = self._headers = headers_of(self._found)
        return headers

    @property
    def host(self) -> str:  # type: ignore[override]
        """As the client named it."""
        return to_text(self._http.host)

    @property
    def scheme(self) -> str:  # type: ignore[override]
        """`http` or `https`."""
        return to_text(self._http.scheme)

    @property
    def request_id(self) -> str:  # type: ignore[override]
        """The proxy's."""
        _, places, raw = self._found
        if places and "x-request-id" in places:
            return to_text(raw[places["x-request-id"]])
        return self.headers.first("x-request-id") or ""

    @property
    def body(self) -> bytes | None:  # type: ignore[override]
        """As far as the proxy sent it."""
        return self._http.raw_body or self._http.body or None


class Reader:
    """Reads CheckRequests; keeps the memos of one process."""

    __slots__ = ("_blocks", "_entries", "_methods", "_peers", "_routes")

    def __init__(self) -> None:
        self._blocks = HeaderBlocks()
        self._entries = Memo(_entry, len, MOST_BYTES)
        self._peers = Memo(_peer, len, MOST_BYTES)
        self._methods = Memo(to_text, len, MOST_BYTES)
        self._routes = Memo(_route, len, MOST_BYTES)

    def request(self, data: bytes, now_unix_s: float) -> Request:
        """The request that Envoy asks about; `DecodeError` where the bytes are no CheckRequest."""
        attributes = _parse(data).attributes
        extension = attributes.context_extension
        http = attributes.request.http
        path = http.path
        raw = http.header_map
        # The field lines where Envoy has `encode_raw_headers`, else as its map joined them.
        found = self._blocks.find(raw, path) if raw else _of_map(map(self._entries.__getitem__, http.headers))
        return _Asked(
            http,
            self._methods[http.method],
            path.decode("utf-8", "surrogateescape"),  # as `to_text`, which costs a call
            found,
            self._peers[attributes.source],
            now_unix_s,
            (self._routes[extension] or self._other_route(data)) if extension else None,
        )

    def _other_route(self, data: bytes) -> str | None:
        """The route that the proxy names among several context extensions; there is one nearly always."""
        every = Extensions.FromString(data).attributes.context_extensions
        return dict(map(self._entries.__getitem__, every)).get(ROUTE)
