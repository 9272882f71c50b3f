"""A client that sends any bytes, from any address (PROXY protocol), and reads one answer."""

from __future__ import annotations

import ipaddress
import socket
from http.client import HTTPResponse

from tests.cases_support.echo import upstream_in
from tests.cases_support.table import RequestRow
from tests.cases_support.view import View


def send(row: RequestRow, extra: list[tuple[bytes, bytes]], port: int, *, proxy_protocol: bool = True) -> View:
    """Send the row's request to 127.0.0.1:port."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall((proxy_line(row.client) if proxy_protocol else b"") + request_bytes(row, extra))
        response = HTTPResponse(connection, method=row.method)
        response.begin()
        body = response.read()
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        return View(response.status, headers, body, upstream_in(headers, body))


def proxy_line(client: str) -> bytes:
    """The PROXY protocol's line, version 1."""
    family = "TCP6" if ipaddress.ip_address(client).version == 6 else "TCP4"
    local = "::1" if family == "TCP6" else "127.0.0.1"
    return f"PROXY {family} {client} {local} 40000 80\r\n".encode()


def request_bytes(row: RequestRow, extra: list[tuple[bytes, bytes]]) -> bytes:
    """The request as HTTP/1.1 has it, sent as it is."""
    body = (row.body or "").encode()
    lines = [f"{row.method} {row.path} HTTP/1.1".encode("utf-8", "surrogateescape"), f"host: {row.host}".encode()]
    lines += [name + b": " + value for name, value in (*row.raw_headers, *extra)]
    if body or row.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"content-length: {len(body)}".encode())
    lines.append(b"connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
