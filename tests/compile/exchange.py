"""One request on a connection of its own, sent as it is, and its whole answer."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; header names are lower-case and in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def first(self, name: str) -> str | None:
        """A header's first value."""
        return next((value for other, value in self.headers if other == name), None)

    @property
    def problem(self) -> dict[str, Any]:
        """The body of a refusal."""
        assert self.first("content-type") == "application/problem+json", (self.status, self.headers, self.body)
        return dict(json.loads(self.body))

    @property
    def seen(self) -> dict[str, Any]:
        """What the echo saw; header pairs in `headers`."""
        assert self.first("x-echo") == "1", (self.status, self.headers, self.body)
        return dict(json.loads(self.body))


def exchange(
    port: int, path: str, *headers: tuple[str, str], method: str = "GET", host: str = "api.test", body: bytes = b""
) -> Answer:
    """The answer to a request of HTTP/1.1."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    return send(port, "\r\n".join([*lines, "connection: close", "", ""]).encode() + body, method)


def send(port: int, request: bytes, method: str = "GET") -> Answer:
    """The answer to any bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection, method=method)
        response.begin()
        body = response.read()
        return Answer(response.status, [(name.lower(), value) for name, value in response.getheaders()], body)
