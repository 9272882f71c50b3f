"""What a compiled Envoy does, with a real Envoy and the real Check service."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.sanitise.path import fault_of
from tests.cases_support.echo import Echo
from tests.compile.envoy_process import Envoy
from tests.compile.exchange import Answer, exchange, send
from tests.compile.gateways import gateway
from tests.compile.sidecar_thread import SidecarThread

GATEWAY = """
trusted_hops: 1
budgets: {{check_ms: 2000, proxy_ms: 3000}}  # a machine that is busy with tests is no reason for a 503
upstreams:
  - {{id: echo, servers: ["{echo}"]}}
  - {{id: named, servers: ["localhost:{echo_port}"]}}
  - {{id: gone, servers: ["127.0.0.1:{gone}"]}}
  - {{id: silent, servers: ["127.0.0.1:{silent}"], read_timeout: 1, retries: 0}}
  - {{id: ws, protocol: ws, servers: ["127.0.0.1:{silent}"]}}
routes:
  - {{id: open, path: /open, methods: [GET, POST], upstream_id: echo, auth_required: false}}
  - {{id: v2, path: /v2/users, upstream_id: named, auth_required: false, strip_path: true}}
  - {{id: one, path: {{exact: /one}}, upstream_id: echo, auth_required: false, strip_path: true, preserve_host: true}}
  - {{id: gone, path: /gone, methods: [GET, POST], upstream_id: gone, auth_required: false}}
  - {{id: silent, path: /silent, upstream_id: silent, auth_required: false}}
  - {{id: slow, path: /slow, upstream_id: silent, auth_required: false, timeout: 1}}
  - {{id: shadow, path: /shadow, upstream_id: echo, auth_required: false, mode: shadow, tenant: null}}
"""


class Running:
    """Envoy, sidecar and echo."""

    def __init__(self, folder: Path) -> None:
        self.echo = Echo()
        self.mute = socket.create_server(("127.0.0.1", 0))
        text = GATEWAY.format(
            echo=self.echo.address,
            echo_port=self.echo.address.rpartition(":")[2],
            gone=free_ports(1),
            silent=self.mute.getsockname()[1],
        )
        self.loaded = gateway(text)
        self.sidecar = SidecarThread(self.loaded)
        self.port = free_ports(1)
        options = EnvoyOptions(
            listen=f"127.0.0.1:{self.port}",
            sidecars=(self.sidecar.address, f"127.0.0.1:{free_ports(1)}"),  # one worker is dead
            admin="127.0.0.1:0",
            access_log=None,
        )
        self.envoy = Envoy(compile_envoy(self.loaded, options), folder)

    def ask(self, path: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Answer:
        return exchange(self.port, path, *headers, method=method, body=body)

    def close(self) -> None:
        self.envoy.close()
        self.sidecar.close()
        self.echo.close()
        self.mute.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    site = Running(tmp_path_factory.mktemp("running"))
    yield site
    site.close()


def header(answer: Answer, name: str) -> list[str]:
    """What the upstream saw of a header."""
    return [value for other, value in answer.seen["headers"] if other == name]


@pytest.mark.parametrize(
    ("asked", "forwarded"),
    [
        ("/v2/users", "/"),
        ("/v2/users/", "/"),
        ("/v2/users/7/x?a=/v2/users", "/7/x?a=/v2/users"),
        ("/v2/users?q=//%2F", "/?q=//%2F"),
        ("/v2/users//7", "/7"),
        ("/one?x=1", "/?x=1"),
        ("/open/a/../b//c/%41%7e?x=/../", "/open/b/c/A~?x=/../"),
        ("/open/./%2e%2e/open/b", "/open/b"),
        ("/open\\b", "/open/b"),
        ("/open/%c3%a9%25", "/open/%c3%a9%25"),
        ('/open/"<>|', "/open/%22%3C%3E%7C"),
    ],
)
def test_what_is_forwarded_is_in_normal_form(running: Running, asked: str, forwarded: str) -> None:
    seen = running.ask(asked).seen["path"]
    assert seen == forwarded
    assert fault_of(seen.partition("?")[0]) is None


@pytest.mark.parametrize("path", ["%2f", "%5C", "%00", "%0a", ";a=b", "%zz", "%2", "a%"])
def test_a_path_with_two_readings_is_a_problem(running: Running, path: str) -> None:
    answer = running.ask(f"/open/{path}")
    assert (answer.status, answer.problem["code"]) == (400, "path_not_normal")


def test_identity_headers_of_a_client_are_gone_in_every_spelling(running: Running) -> None:
    sent = [("X-User-Id", "a"), ("x-user-id", "b"), ("x_user_id", "c"), ("X-User_ID", "d"), ("x_tenant", "e")]
    seen = running.ask("/open", *sent, ("x-user-idx", "kept")).seen["headers"]
    names = {name.replace("_", "-") for name, _ in seen}
    assert "x-user-id" not in names
    assert "x-tenant" not in names
    assert ["x-user-idx", "kept"] in seen


def test_a_route_in_shadow_gets_no_edit_and_no_refusal(running: Running) -> None:
    answer = running.ask("/shadow/;x", ("x-user-id", "mine"))
    assert header(answer, "x-user-id") == ["mine"]


def test_host_is_the_upstreams_unless_it_is_preserved(running: Running) -> None:
    port = running.echo.address.rpartition(":")[2]
    assert header(running.ask("/open"), "host") == [f"127.0.0.1:{port}"]
    assert header(running.ask("/v2/users"), "host") == [f"localhost:{port}"]
    assert header(running.ask("/one"), "host") == ["api.test"]


def test_nothing_that_envoy_reserves_is_believed(running: Running) -> None:
    spoofed = [("x-request-id", "mine"), ("x-envoy-original-path", "/x"), ("x-envoy-upstream-rq-timeout-ms", "1")]
    answer = running.ask("/open", *spoofed)
    assert header(answer, "x-request-id") != ["mine"]
    assert header(answer, "x-envoy-original-path") == []
    assert header(answer, "x-envoy-internal") == []
    assert answer.first("server") == "gateline"


def test_the_peer_is_appended_even_where_it_is_this_machine(running: Running) -> None:
    answer = running.ask("/open", ("x-forwarded-for", "203.0.113.9, 198.51.100.7"))
    (seen,) = header(answer, "x-forwarded-for")
    assert [part.strip() for part in seen.split(",")] == ["203.0.113.9", "198.51.100.7", "127.0.0.1"]
    # As the sidecar counts: with one trusted hop in front, which is the peer, the client is who it names last.
    assert header(answer, "x-envoy-external-address") == ["198.51.100.7"]


def test_gateline_answers_what_no_route_matches(running: Running) -> None:
    answer = running.ask("/nowhere")
    assert (answer.status, answer.problem["code"]) == (404, "no_route")
    assert answer.problem["request_id"]
    assert running.ask("/open", method="DELETE").status == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/gone", 503, "upstream_unavailable"), ("/silent", 504, "upstream_timeout"), ("/slow", 504, "upstream_timeout")],
)
def test_envoys_own_answers_are_problems(running: Running, path: str, status: int, code: str) -> None:
    began = time.monotonic()
    answer = running.ask(path)
    assert answer.status == status
    problem = answer.problem
    assert {"type", "title", "status", "code", "request_id"} == set(problem)
    assert (problem["code"], problem["status"], problem["type"]) == (code, status, f"urn:gateline:problem:{code}")
    assert time.monotonic() - began < 5


def test_a_request_that_is_too_large_or_broken_is_a_problem(running: Running) -> None:
    large = send(running.port, b"GET /open HTTP/1.1\r\nhost: x\r\nz: " + b"a" * 70_000 + b"\r\n\r\n")
    assert (large.status, large.problem["code"]) == (431, "headers_too_large")
    many = send(running.port, b"GET /open HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n")
    assert many.status == 431
    broken = send(running.port, b"NONSENSE\r\n\r\n")
    assert (broken.status, broken.problem["code"]) == (400, "malformed_request")


def test_a_grpc_client_gets_a_grpc_status(running: Running) -> None:
    kind = ("content-type", "application/grpc")
    refused = running.ask("/nowhere", kind, method="POST")
    assert (refused.first("grpc-status"), refused.first("grpc-message")) == ("12", "No route matches")
    failed = running.ask("/gone", kind, method="POST")
    assert failed.first("grpc-status") == "14"
    assert "{" not in (failed.first("grpc-message") or "")


def test_a_dead_worker_is_not_noticed(running: Running) -> None:
    assert {running.ask("/open").status for _ in range(40)} == {200}


def test_without_the_sidecar_only_shadow_passes_and_it_comes_back_by_itself(running: Running) -> None:
    running.sidecar.close()
    try:
        answer = running.ask("/open", ("x-user-id", "mine"))
        assert (answer.status, answer.problem["code"]) == (503, "dependency_unavailable")
        assert answer.first("retry-after") == "1"
        assert running.ask("/nowhere").status == 503
        grpc = running.ask("/open", ("content-type", "application/grpc"), method="POST")
        assert (grpc.first("grpc-status"), grpc.first("retry-after")) == ("14", "1")
        assert header(running.ask("/shadow", ("x-user-id", "mine")), "x-user-id") == ["mine"]
    finally:
        running.sidecar = SidecarThread(running.loaded, listen=running.sidecar.address)
    deadline = time.monotonic() + 5
    while running.ask("/open").status != 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running.ask("/open").status == 200
