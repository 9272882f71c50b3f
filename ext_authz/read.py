"""The bytes of Envoy's CheckRequest to a `Request`.

What repeats from call to call is decoded once and remembered by its bytes: peers, route names, header lines. The memos
are bounded in number and in the size of what they hold, and forget everything when they are full.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from ext_authz.memo import Memo
from ext_authz.pb.envoy.config.core.v3.base_pb2 import HeaderValue
from ext_authz.pb.envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from ext_authz.pb.gateline.check_pb2 import Check, Entry, Http
from gateline.values.headers import Headers
from gateline.values.request import Certificate, Request

ROUTE = "route"
MOST_BYTES = 2048


def _line(raw: bytes) -> tuple[str, bytes]:
    line = HeaderValue.FromString(raw)
    return line.key, line.raw_value or line.value


def _entry(raw: bytes) -> tuple[str, bytes]:
    entry = Entry.FromString(raw)
    return entry.key, entry.value


def _peer(raw: bytes) -> tuple[str, Certificate | None]:
    peer = AttributeContext.Peer.FromString(raw)
    certificate = None
    if peer.certificate or peer.principal:
        certificate = Certificate(pem=unquote(peer.certificate), principal=peer.principal)
    return peer.address.socket_address.address, certificate


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class Reader:
    """Reads CheckRequests; keeps the memos of one process."""

    __slots__ = ("_entries", "_lines", "_peers", "_texts")

    def __init__(self) -> None:
        self._lines = Memo(_line, len, MOST_BYTES)
        self._entries = Memo(_entry, len, MOST_BYTES)
        self._peers = Memo(_peer, len, MOST_BYTES)
        self._texts = Memo(_text, len, MOST_BYTES)

    def request(self, data: bytes, now_unix_s: float) -> Request:
        """The request that Envoy asks about; `DecodeError` where the bytes are no CheckRequest."""
        attributes = Check.FromString(data).attributes
        http = attributes.request.http
        texts = self._texts
        peer, certificate = self._peers[attributes.source]
        headers = self._headers(http)
        return Request(
            texts[http.method],
            _text(http.path),
            texts[http.host],
            headers,
            peer,
            now_unix_s,
            self._route(attributes.context_extensions),
            texts[http.scheme],
            headers.first("x-request-id") or "",
            http.raw_body or http.body or None,
            certificate,
        )

    def _headers(self, http: Http) -> Headers:
        """The field lines where Envoy has `encode_raw_headers`, else as its map joined them."""
        raws = http.header_map.headers
        if not raws:
            return Headers([self._entries[raw] for raw in http.headers])
        index: Any = dict(map(self._lines.__getitem__, raws))
        return Headers.unique(index) if len(index) == len(raws) else Headers([self._lines[raw] for raw in raws])

    def _route(self, extensions: Iterable[bytes]) -> str | None:
        for raw in extensions:
            key, value = self._entries[raw]
            if key == ROUTE:
                return _text(value)
        return None
