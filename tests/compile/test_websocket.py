"""WebSockets through a compiled Envoy: only where the upstream is `ws`, and longer than a route's timeout."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from tests.compile.envoy_process import Envoy
from tests.compile.gateways import gateway
from tests.compile.sidecar_thread import SidecarThread

UPGRADE = (
    b"GET %s HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


def switch_and_echo(listening: socket.socket) -> None:
    """Accept, answer 101 to anything, and send back what comes."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(10)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=switch_and_echo, args=(listening,), daemon=True).start()
    there = listening.getsockname()[1]
    loaded = gateway(f"""
budgets: {{check_ms: 2000, proxy_ms: 3000}}
upstreams:
  - {{id: ws, protocol: ws, servers: ["127.0.0.1:{there}"]}}
  - {{id: http, servers: ["127.0.0.1:{there}"]}}
routes:
  - {{id: ws, path: /ws, upstream_id: ws, auth_required: false, timeout: 1}}
  - {{id: http, path: /http, upstream_id: http, auth_required: false, timeout: 1}}
  - {{id: closed, path: /closed, upstream_id: ws, auth_required: false, rate_limit: {{key_by: ip}}}}
""")
    sidecar = SidecarThread(loaded)
    at = free_ports(1)
    options = EnvoyOptions(listen=f"127.0.0.1:{at}", sidecars=(sidecar.address,), admin="127.0.0.1:0", access_log=None)
    envoy = Envoy(compile_envoy(loaded, options), tmp_path)
    yield at
    envoy.close()
    sidecar.close()
    listening.close()


def test_it_is_upgraded_judged_and_outlives_the_timeout(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(UPGRADE % b"/ws")
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"one")
        assert client.recv(65536) == b"one"
        time.sleep(1.5)  # longer than the route's timeout
        client.sendall(b"two")
        assert client.recv(65536) == b"two"
    for path, status, code in ((b"/closed", b"503", b"dependency_unavailable"), (b"/http", b"403", b"upgrade_refused")):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(UPGRADE % path)
            answer = b""
            while code not in answer and (data := client.recv(65536)):
                answer += data
            assert answer.startswith(b"HTTP/1.1 " + status), answer
            assert code in answer
