"""Where a Redis or Valkey listens: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`, `rediss://…`, `unix://…PATH[?db=DB]`."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from gateline.values.errors import ConfigError

PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """`path` is a Unix socket's; then host and port mean nothing."""

    host: str = "localhost"
    port: int = PORT
    path: str = ""
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    database: int = 0

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}"


def parse_url(url: str) -> RedisAddress:
    """The address of a URL; `ConfigError` never quotes it, since it may hold a password."""
    fault = ConfigError.at(("store", "redis"), "must read redis://HOST:PORT/DB, rediss://… or unix:///PATH")
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        database = parse_qs(parts.query).get("db", ["0"])[0] if parts.scheme == "unix" else parts.path.strip("/")
        if parts.scheme == "unix" and parts.path:
            return RedisAddress(path=unquote(parts.path), user=user, password=password, database=int(database))
        if parts.scheme in ("redis", "rediss"):
            host, port = parts.hostname or "localhost", parts.port or PORT
            return RedisAddress(host, port, "", parts.scheme == "rediss", user, password, int(database or 0))
    except ValueError as error:
        raise fault from error
    raise fault
