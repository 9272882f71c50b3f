"""The admin port: /healthz, /readyz and /metrics on a thread of their own, never on the loop that decides."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateline.runtime.exposition import CONTENT_TYPE, render
from gateline.runtime.metrics import Samples

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """A process, or all of its workers, as they are now. `not_ready` names each part that is not, and why."""

    revision: str
    not_ready: dict[str, str]
    details: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The body of /readyz."""
        return {"ready": not self.not_ready, "revision": self.revision, "not_ready": self.not_ready, **self.details}


class Admin:
    """Serves the state and the samples that `state` and `samples` give, which are called on any thread."""

    def __init__(self, host: str, port: int, state: Callable[[], State], samples: Callable[[], Samples]) -> None:
        """Raises OSError when the address can't be had."""
        handler = type("AdminHandler", (_Handler,), {"state": staticmethod(state), "samples": staticmethod(samples)})
        self._server = _Server((host, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="admin", daemon=True)

    @property
    def address(self) -> str:
        """HOST:PORT, with the port that the kernel chose for port 0."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Linux this lets a restart have a port whose old connections still linger; two listeners it does not allow.
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # socketserver's signature
        """A probe that hangs up early is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            _LOG.exception("the admin port failed")


class _Handler(BaseHTTPRequestHandler):
    state: Callable[[], State]
    samples: Callable[[], Samples]
    protocol_version = "HTTP/1.1"
    server_version = "gateline"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._send(200, "application/json", b'{"status": "ok"}\n')
        elif path == "/readyz":
            state = self.state()
            body = json.dumps(state.document(), indent=2) + "\n"
            self._send(503 if state.not_ready else 200, "application/json", body.encode())
        elif path == "/metrics":
            self._send(200, CONTENT_TYPE, *render(self.samples()))
        else:
            self._send(404, "text/plain", b"try /healthz, /readyz or /metrics\n")

    do_HEAD = do_GET  # noqa: N815  # http.server's own name

    def _send(self, status: int, content_type: str, *body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(sum(map(len, body))))
        self.end_headers()
        if self.command != "HEAD":
            for piece in body:
                self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's own signature
        """Say nothing: probes come every second."""
