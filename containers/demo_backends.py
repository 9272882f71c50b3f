"""The demo's backends in a container: three over HTTP, and one that takes only clients with a certificate."""

from __future__ import annotations

import signal
import socket
import ssl
import threading
from pathlib import Path

from gateline.demo.backends import Backend

PORTS = {"users": 9001, "orders": 9002, "products": 9003}
PAYMENTS_PORT = 9443
PKI = Path("/etc/gateline/.gateline/pki")


def serve(name: str, port: int, context: ssl.SSLContext | None = None) -> None:
    """Serve one backend on a thread of its own; the port may be taken again as soon as it is free."""
    listening = socket.create_server(("0.0.0.0", port))  # noqa: S104  # in a container, for its neighbours
    if context is not None:
        listening = context.wrap_socket(listening, server_side=True)
    threading.Thread(target=Backend(name, listening).serve_forever, name=name, daemon=True).start()


def mutual_tls() -> ssl.SSLContext:
    """TLS that asks for a certificate of the demo's CA (TLS 1.2 or later)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PKI / "payments.pem", PKI / "payments.key")
    context.load_verify_locations(PKI / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def main() -> None:
    """Serve until SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for name, port in PORTS.items():
        serve(name, port)
    if (PKI / "payments.pem").exists():
        serve("payments", PAYMENTS_PORT, mutual_tls())
    ended.wait()


if __name__ == "__main__":
    main()
