"""The demo's backends: real HTTP servers that answer with what they were asked, as JSON.

`python -m gateline.demo.backends NAME=FD …` serves on sockets that listen already, so that no port is lost between
choosing and serving it.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MAX_BODY_BYTES = 1 << 20
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Echo(BaseHTTPRequestHandler):
    """Answers 200 with `{service, method, path, query, headers, body}`; `/health` says that it is well."""

    protocol_version = "HTTP/1.1"
    server_version = "gateline-demo"
    sys_version = ""
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """Answer any method."""
        body = self._body()
        parts = urlsplit(self.path)
        document: dict[str, Any] = {
            "service": getattr(self.server, "service", ""),
            "method": self.command,
            "path": parts.path,
            "query": parts.query,
            "headers": self._headers(),
            "body": body.decode("utf-8", "replace"),
        }
        data = json.dumps({"status": "ok"} if parts.path == "/health" else document, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _headers(self) -> dict[str, str]:
        """Lower-case names; a field that came more than once has its values joined (RFC 9110 §5.2)."""
        return {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        return self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BODY_BYTES))

    def _chunks(self) -> bytes:
        """A body in chunks (RFC 9112 §7.1), without the trailers."""
        parts = []
        while (size := int(self.rfile.readline().partition(b";")[0], 16)) > 0:
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's own signature
        """Say nothing: the gateway logs."""


for _method in METHODS:
    setattr(Echo, f"do_{_method}", Echo.answer)


class Backend(ThreadingHTTPServer):
    """One backend on a socket that listens already."""

    daemon_threads = True

    def __init__(self, service: str, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), Echo, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.service = service


def main() -> None:
    """Serve until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    for argument in sys.argv[1:]:
        service, _, descriptor = argument.partition("=")
        backend = Backend(service, socket.socket(fileno=int(descriptor)))
        threading.Thread(target=backend.serve_forever, name=service, daemon=True).start()
    ended.wait()


if __name__ == "__main__":
    main()
