"""A client that sends any bytes, from any address (PROXY protocol), and reads one answer."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import tempfile
from functools import cache
from http.client import HTTPResponse

from tests.cases_support.certificates import case_authority, case_client
from tests.cases_support.echo import upstream_in
from tests.cases_support.table import RequestRow
from tests.cases_support.view import View


def send(row: RequestRow, port: int, *, tls: bool = False) -> View:
    """Send the row's request to 127.0.0.1:port."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        plain.sendall(proxy_line(row.client))
        connection = tls_context(row.certificate).wrap_socket(plain, server_hostname=row.host) if tls else plain
        connection.sendall(request_bytes(row))
        response = HTTPResponse(connection, method=row.method)
        response.begin()
        body = response.read()
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        return View(response.status, headers, body, upstream_in(headers, body))


@cache
def tls_context(certificate: str | None) -> ssl.SSLContext:
    """A client that trusts the authority of the cases, and shows a certificate of theirs."""
    context = ssl.create_default_context(cadata=case_authority().pem)
    if certificate is not None:
        shown = case_client(certificate)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(shown.pem + shown.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def proxy_line(client: str) -> bytes:
    """The PROXY protocol's line, version 1."""
    family = "TCP6" if ipaddress.ip_address(client).version == 6 else "TCP4"
    local = "::1" if family == "TCP6" else "127.0.0.1"
    return f"PROXY {family} {client} {local} 40000 80\r\n".encode()


def request_bytes(row: RequestRow) -> bytes:
    """The request as HTTP/1.1 has it, sent as it is."""
    body = (row.body or "").encode()
    lines = [f"{row.method} {row.path} HTTP/1.1".encode("utf-8", "surrogateescape"), f"host: {row.host}".encode()]
    lines += [name + b": " + value for name, value in row.raw_headers]
    if body or row.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"content-length: {len(body)}".encode())
    lines.append(b"connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
