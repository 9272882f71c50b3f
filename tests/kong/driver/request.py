"""A request at Kong, and what became of it: plain values on both sides of the driver."""

from dataclasses import dataclass, field

Pairs = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class SimRequest:
    """What the client sent, and what Kong knows of it; header names and values are raw bytes, in order."""

    method: str = "GET"
    path: bytes = b"/"
    query: bytes | None = None
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    body_file: bytes = b"/usr/local/kong//client_body_temp/0000000001"
    """Where nginx writes a body of more than 8 kB."""
    client_ip: str = "127.0.0.1"
    forwarded_ip: str | None = None
    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = 8000
    http_version: float = 1.1
    nginx_vars: dict[str, bytes] = field(default_factory=dict)
    """`ssl_client_raw_cert`, `ssl_client_verify`, `kong_request_id` and so on."""
    shared: dict[str, object] = field(default_factory=dict)
    """`kong.ctx.shared` as a pre-function left it; strings are bytes."""
    route: dict[str, object] | None = None
    service: dict[str, object] | None = None
    upstream_path: bytes | None = None
    """What Kong's router made of the path for the upstream; the path itself without it."""
    upstream_status: int = 200
    upstream_headers: Pairs = field(default_factory=list)
    upstream_body: bytes = b"hello\n"
    log_serialized: bytes = b'{"simulated":true}'
    """What `kong.log.serialize` gives: the driver does not build it."""


@dataclass(slots=True)
class UpstreamView:
    """What the upstream received."""

    method: str
    scheme: str
    path: bytes
    query: bytes | None
    headers: Pairs
    body: bytes
    upstream: str | None = None
    target: tuple[str, int] | None = None

    def header(self, name: str) -> list[bytes]:
        """The values of a header, in order."""
        wanted = name.lower().encode()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(slots=True)
class ClientView:
    """What the client got; `upstream` is None where the request went no further."""

    status: int
    headers: Pairs
    body: bytes
    upstream: UpstreamView | None
    pdk_calls: list[tuple[str, tuple[object, ...]]]
    errors: list[str]
    """What Kong would have written into its log."""
    shared: dict[str, object]
    consumer: dict[str, object] | None = None
    retries: int = 0
    endless: bool = False
    """Kong would have tried again for ever; the driver stopped."""

    @property
    def passed(self) -> bool:
        """Whether the request reached the upstream."""
        return self.upstream is not None

    def header(self, name: str) -> list[bytes]:
        """The values of a response header, in order."""
        wanted = name.lower().encode()
        return [value for key, value in self.headers if key.lower() == wanted]
