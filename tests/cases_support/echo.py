"""A real HTTP server that remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cases_support.view import Upstream


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one segment: no wait for a delayed ACK.
    wbufsize = -1

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        seen = {"path": self.path, "method": self.command, "headers": headers, "body": body.decode(errors="replace")}
        if isinstance(self.connection, ssl.SSLSocket):
            seen["certificate"] = self.connection.getpeercert()
        data = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("x-echo", "1")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Echo:
    """Serves on a free port until `close`; answers with what it received, as JSON.

    With a TLS context it speaks TLS, and tells the client's certificate too; `asked_for` holds the names of SNI.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked_for: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        if tls is not None:
            tls.sni_callback = lambda _connection, name, _context: self.asked_for.append(name)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def upstream_in(headers: tuple[tuple[str, str], ...], body: bytes) -> Upstream | None:
    """What the echo saw, from its own answer; None where the answer is not the echo's."""
    if ("x-echo", "1") not in headers or not body:
        return None
    seen = json.loads(body)
    return Upstream(seen["path"], tuple((name, value) for name, value in seen["headers"]))
