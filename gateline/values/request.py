"""A request as an adapter hands it to the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gateline.values.headers import Headers


@dataclass(frozen=True, slots=True)
class Certificate:
    """The client's certificate as the proxy tells it.

    `pem` is the certificate (or chain, leaf first); `verified` says whether the proxy checked the chain itself;
    `principal` is the URI or DNS name that the proxy took from it.
    """

    pem: str = ""
    verified: bool = False
    principal: str = ""


# What is shared by many requests outlives the policies that looked at them.
MAX_MEMOS = 16


@dataclass(slots=True, eq=False)
class Request:
    """One request. Not frozen, because it is made once per call on the hot path; nothing writes to it afterwards.

    `target` is the path with its query, as the proxy would forward it; `peer` the address at the other end of the
    connection (no port); `now` Unix seconds, read once by the adapter; `route` the policy that the proxy names, None
    where the core matches. `request_id` is the proxy's.

    `memo` is for what follows from the header fields alone, other than `:path`, `x-request-id` and `traceparent`:
    requests that differ in nothing else may share one. Whoever adds to it when it has `MAX_MEMOS` empties it first.
    """

    method: str
    target: str
    host: str
    headers: Headers
    peer: str
    now: float
    route: str | None = None
    scheme: str = "http"
    request_id: str = ""
    body: bytes | None = None
    certificate: Certificate | None = None
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def is_grpc(self) -> bool:
        """Whether the client speaks gRPC (grpc/doc/PROTOCOL-HTTP2.md: `application/grpc`, bare or with a suffix)."""
        kind = self.headers.first("content-type") or ""
        return kind.startswith("application/grpc") and kind[16:17] in ("", "+", ";")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a built route reads of a request, so that adapters fetch just that.

    `headers` holds lower-case names, or "all".
    """

    headers: frozenset[str] | Literal["all"] = field(default_factory=frozenset)
    method: bool = False
    scheme: bool = False
    query: bool = False
    body: bool = False
    client_address: bool = False
    certificate: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            headers="all" if "all" in (self.headers, other.headers) else frozenset({*self.headers, *other.headers}),
            method=self.method or other.method,
            scheme=self.scheme or other.scheme,
            query=self.query or other.query,
            body=self.body or other.body,
            client_address=self.client_address or other.client_address,
            certificate=self.certificate or other.certificate,
        )
