"""Envoy at full speed against our transport, with tracing headers that vary: all calls are answered, none is reset."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.gateway.processes import free_ports
from ext_authz.rpc import Call
from tests.wire.served import CHECK, Served, program, served

ALLOW = bytes.fromhex("0a001200")  # CheckResponse: status {}, ok_response {}
TYPE = "type.googleapis.com/envoy.extensions."


def allow(_message: bytes, _call: Call) -> bytes:
    return ALLOW


@pytest.fixture
def wire() -> Iterator[Served]:
    with served("wire", {CHECK: allow}) as one:
        yield one


def envoy_configuration(authz: str, listener_port: int) -> dict[str, Any]:
    """A listener that answers 200 itself, behind ext_authz at `authz`; tracing headers vary with each call."""
    host, _, port = authz.rpartition(":")

    def cluster(name: str, address: str, number: int) -> dict[str, Any]:
        endpoint = {"address": {"socket_address": {"address": address, "port_value": number}}}
        return {
            "name": name,
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": TYPE + "upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": {"http2_protocol_options": {}},
                }
            },
        }

    authz_filter = {
        "@type": TYPE + "filters.http.ext_authz.v3.ExtAuthz",
        "grpc_service": {"envoy_grpc": {"cluster_name": "authz"}, "timeout": "5s"},
        "transport_api_version": "V3",
        "status_on_error": {"code": "ServiceUnavailable"},
    }
    manager = {
        "@type": TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "http_filters": [
            {"name": "envoy.filters.http.ext_authz", "typed_config": authz_filter},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": TYPE + "filters.http.router.v3.Router"},
            },
        ],
        "tracing": {
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                    "grpc_service": {"envoy_grpc": {"cluster_name": "authz"}, "timeout": "1s"},
                    "service_name": "test",
                },
            }
        },
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
                }
            ]
        },
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": listener_port}}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        "static_resources": {
            "listeners": [{"name": "in", "address": address, "filter_chains": [chain]}],
            "clusters": [cluster("authz", host, int(port))],
        },
    }


def test_envoy_at_full_speed_with_tracing(wire: Served, tmp_path: Path) -> None:
    pytest.importorskip("envoy")
    from tests.compile.envoy_process import Envoy

    h2load = program("h2load")
    port = free_ports(1)
    envoy = Envoy(envoy_configuration(wire.address, port), tmp_path)
    try:
        command = [h2load, "--h1", "-n", "5000", "-c", "32", f"http://127.0.0.1:{port}/"]
        output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        assert "5000 succeeded, 0 failed, 0 errored, 0 timeout" in output
        assert "5000 2xx" in output
        found = re.findall(
            r"^((?:cluster\.authz|http\.in\.ext_authz)\.\S+): (\d+)$", envoy.get("/stats").decode(), re.MULTILINE
        )
        stats = dict(found)
        assert int(stats["http.in.ext_authz.ok"]) == 5000, stats
        for name, value in stats.items():
            if re.search(r"rx_reset|tx_reset|protocol_error|destroy_remote|connect_fail|ext_authz\.error", name):
                assert value == "0", name
    finally:
        envoy.close()
