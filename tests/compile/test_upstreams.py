"""What a compiled Envoy does with its upstreams: TLS and its names, gRPC's health checks, one server per client."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from bench.gateway.processes import free_ports
from ext_authz.answer import answer_of
from ext_authz.rpc import Call
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import load_data
from gateline.schema.secret import Sources
from gateline.values.decision import Allow
from gateline.values.headers import Headers
from gateline.values.request import Request
from tests.cases_support.certificates import Issued, authority, case_authority, client
from tests.cases_support.echo import Echo
from tests.compile.envoy_process import Envoy
from tests.compile.exchange import Answer, exchange
from tests.compile.sidecar_thread import SidecarThread

CA = {"ca_file": "ca.pem"}
SPIFFE = "spiffe://example.com/users"
# Upstream → what the file says of it.
UPSTREAMS: dict[str, dict[str, Any]] = {
    "named": {"servers": "localhost", "tls": CA},
    "address": {"servers": "127.0.0.1", "tls": CA},
    "asked": {"servers": "127.0.0.1", "tls": {**CA, "sni": "users.internal"}},
    "spiffe": {"servers": "localhost", "tls": {**CA, "sans": [SPIFFE]}},
    "other-spiffe": {"servers": "localhost", "tls": {**CA, "sans": [f"{SPIFFE}/x"]}},
    "other-name": {"servers": "localhost", "tls": {**CA, "sni": "orders.internal"}},
    "system": {"servers": "localhost"},
    "other-ca": {"servers": "localhost", "tls": {"ca_file": "foreign.pem"}},
}
MUTUAL: dict[str, dict[str, Any]] = {
    "mutual": {"tls": {**CA, "certificate_file": "gateway.pem", "key_file": "gateway.key"}, "health_check": {}},
    "silent": {"tls": CA},
}


def server_context(folder: Path, shown: Issued, *, mutual: bool = False) -> ssl.SSLContext:
    """A service's side."""
    write(folder, "service", shown)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem") if mutual else None)
    context.load_cert_chain(folder / "service.pem", folder / "service.key")
    context.verify_mode = ssl.CERT_REQUIRED if mutual else ssl.CERT_NONE
    return context


def write(folder: Path, name: str, issued: Issued) -> None:
    (folder / f"{name}.pem").write_text(issued.pem)
    (folder / f"{name}.key").write_text(issued.key_pem)


def grpc_server(status: health_pb2.HealthCheckResponse.ServingStatus.ValueType, shown: Issued | None) -> Any:
    """A real gRPC server that says how it is, and its port."""
    server = grpc.server(ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if shown is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        pair = (shown.key_pem.encode(), shown.pem.encode())
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    return server, port


class Site:
    """Services of every kind behind one Envoy."""

    def __init__(self, folder: Path) -> None:
        (folder / "ca.pem").write_text(case_authority().pem)
        (folder / "foreign.pem").write_text(authority().pem)
        write(folder, "gateway", client(case_authority(), "gateway", ["gateway.internal"]))
        shown = client(
            case_authority(), "users", ["localhost", "127.0.0.1", "users.internal", SPIFFE], server_only=True
        )
        self.tls = Echo(server_context(folder, shown))
        self.mutual = Echo(server_context(folder, shown, mutual=True))
        self.plain = [Echo(), Echo(), Echo()]
        serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
        kinds = {"rpc": (serving, None), "rpc-tls": (serving, shown), "rpc-down": (not_serving, None)}
        self.grpc = {name: grpc_server(*kind) for name, kind in kinds.items()}
        loaded = load_data(self._policy(), "gateline.yaml", {}, Sources(folder, {}))
        self.sidecar = SidecarThread(loaded)
        self.port = free_ports(1)
        options = EnvoyOptions(
            listen=f"127.0.0.1:{self.port}", sidecars=(self.sidecar.address,), admin="127.0.0.1:0", access_log=None
        )
        self.envoy = Envoy(compile_envoy(loaded, options), folder)

    def _policy(self) -> dict[str, Any]:
        upstreams: list[dict[str, Any]] = []
        for name, made in UPSTREAMS.items():
            server = f"{made['servers']}:{port_of(self.tls)}"
            upstreams.append({**made, "id": name, "protocol": "https", "servers": [server]})
        for name, made in MUTUAL.items():
            upstreams.append(
                {**made, "id": name, "protocol": "https", "servers": [f"localhost:{port_of(self.mutual)}"]}
            )
        for name, (_, port) in self.grpc.items():
            tls = {"tls": CA} if name == "rpc-tls" else {}
            check = {"interval": 1, "timeout": 1}
            servers = [f"localhost:{port}"]
            upstreams.append({**tls, "id": name, "protocol": "grpc", "servers": servers, "health_check": check})
        servers = [echo.address for echo in self.plain]
        upstreams.append({"id": "hashed", "servers": servers, "load_balance": "ip-hash"})
        return {
            "version": 1,
            "trusted_hops": 1,
            "budgets": {"check_ms": 2000, "proxy_ms": 3000},
            "upstreams": upstreams,
            "routes": [self._route(upstream) for upstream in upstreams],
        }

    def _route(self, upstream: dict[str, Any]) -> dict[str, Any]:
        route = {"id": upstream["id"], "upstream_id": upstream["id"], "auth_required": False}
        if upstream.get("protocol") == "grpc":
            return {**route, "path": "/", "methods": ["POST"], "headers": {"x-to": upstream["id"]}}
        return {**route, "path": f"/{upstream['id']}", "preserve_host": upstream["id"] == "named"}

    def ask(self, name: str, *headers: tuple[str, str]) -> Answer:
        return exchange(self.port, f"/{name}", *headers)

    def call(self, name: str) -> object:
        """gRPC's own call for the health of a service, through Envoy; the status code where it fails."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                return stub.Check(health_pb2.HealthCheckRequest(), metadata=[("x-to", name)], timeout=10).status
            except grpc.RpcError as error:
                return error.code()

    def close(self) -> None:
        self.envoy.close()
        self.sidecar.close()
        for echo in (self.tls, self.mutual, *self.plain):
            echo.close()
        for server, _ in self.grpc.values():
            server.stop(None)


def port_of(echo: Echo) -> str:
    return echo.address.rpartition(":")[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("upstreams"))
    yield site
    site.close()


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [("named", "localhost"), ("address", None), ("asked", "users.internal"), ("spiffe", "localhost")],
)
def test_a_service_of_the_authority_and_the_name_is_asked(site: Site, name: str, asked_for: str | None) -> None:
    site.tls.asked_for.clear()
    answer = site.ask(name)
    assert answer.status == 200, answer
    assert site.tls.asked_for == [asked_for], "the client's Host has no say in it"


@pytest.mark.parametrize("name", ["other-spiffe", "other-name", "system", "other-ca"])
def test_a_service_of_another_name_or_authority_gets_nothing(site: Site, name: str) -> None:
    answer = site.ask(name)
    assert (answer.status, answer.problem["code"]) == (503, "upstream_unavailable")


def test_a_service_that_wants_a_certificate_gets_the_gateways(site: Site) -> None:
    subject = site.ask("mutual").seen["certificate"]["subject"]
    assert subject == [[["commonName", "gateway"]]]
    assert site.ask("silent").status == 503


def test_a_grpc_service_is_called_over_tls_too_and_not_where_it_says_that_it_is_down(site: Site) -> None:
    assert site.call("rpc") == health_pb2.HealthCheckResponse.SERVING
    assert site.call("rpc-tls") == health_pb2.HealthCheckResponse.SERVING
    assert site.call("rpc-down") == grpc.StatusCode.UNAVAILABLE


def test_a_client_stays_with_its_server(site: Site) -> None:
    found = {
        client: {site.ask("hashed", ("x-forwarded-for", client)).seen["headers"][0][1] for _ in range(3)}
        for client in (f"203.0.113.{number}" for number in range(12))
    }
    assert all(len(servers) == 1 for servers in found.values()), found
    assert len(set.union(*found.values())) > 1, "all on one server"


def test_a_slow_route_has_the_time_of_its_own(tmp_path: Path) -> None:
    """The limit of the whole filter would be 250 ms."""

    def answer_late(_: bytes, call: Call) -> bytes | None:
        time.sleep(0.5)
        request = Request("GET", "/", "", Headers(()), "", 0.0)
        return answer_of(Allow(), request)

    sidecar = SidecarThread(handler=answer_late)
    echo = Echo()
    hashed = "$2b$04$" + "a" * 53
    policy = {
        "version": 1,
        "authentication": [{"name": "b", "method": "basic", "users": [{"user": "a", "hash": hashed}]}],
        "upstreams": [{"id": "echo", "servers": [echo.address]}],
        "routes": [
            {"id": "slow", "path": "/slow", "upstream_id": "echo"},
            {"id": "fast", "path": "/fast", "upstream_id": "echo", "auth_required": False},
        ],
    }
    loaded = load_data(policy, "gateline.yaml", {}, Sources(tmp_path, {}))
    port = free_ports(1)
    options = EnvoyOptions(listen=f"127.0.0.1:{port}", sidecars=(sidecar.address,), admin="127.0.0.1:0")
    envoy = Envoy(compile_envoy(loaded, options), tmp_path)
    try:
        assert [exchange(port, path).status for path in ("/slow", "/fast")] == [200, 503]
    finally:
        envoy.close()
        sidecar.close()
        echo.close()
