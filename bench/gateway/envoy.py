"""One Envoy on one thread, with a listener for each row: all are configured alike but for who is asked."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.gateway.policies import ROUTE
from bench.gateway.processes import Process
from gateline.demo.servers import envoy_command

_TYPE = "type.googleapis.com/"
_HTTP = "envoy.extensions.filters.http"
_OK = {"status": 200, "body": {"inline_string": "ok"}}
_ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPE}{_HTTP}.router.v3.Router"}}
# What `gateline compile envoy` lets through for a policy like the lean one. There a filter removes a client's identity
# headers first; here the callout must see them to do it.
NEEDED = ("authorization", "content-type", "x-request-id", "x-user-id")
_ROUTE = {
    "@type": f"{_TYPE}{_HTTP}.ext_authz.v3.ExtAuthzPerRoute",
    "check_settings": {"context_extensions": {"route": ROUTE}},
}
# Nothing is sampled, so nothing is sent to the cluster of nobody; traceparent is passed on all the same.
_TRACING = {
    "random_sampling": {"value": 0},
    "provider": {
        "name": "envoy.tracers.opentelemetry",
        "typed_config": {
            "@type": f"{_TYPE}envoy.config.trace.v3.OpenTelemetryConfig",
            "grpc_service": {"envoy_grpc": {"cluster_name": "p0"}, "timeout": "0.25s"},
            "service_name": "bench",
        },
    },
}
# The same for all; long, since a machine that is busy otherwise must not cost a run.
TIMEOUT = "2s"


class Envoy:
    """A running Envoy. `callouts` holds each listener's port and the ports of who is asked, none of them for nobody.

    The listeners in `traced` take part in tracing: the call to the callout carries a traceparent of its own. Those in
    `named` tell the callout the route, as a configuration in front of one does (a Go callout does not look); those in
    `narrow` hand on the headers that a policy of tokens needs.
    """

    def __init__(
        self,
        callouts: Mapping[int, Sequence[int]],
        traced: Container[int],
        named: Container[int],
        narrow: Container[int],
        folder: Path,
    ) -> None:
        config = folder / "envoy.json"
        config.write_text(json.dumps(_bootstrap(callouts, traced, named, narrow)))
        self._admin = folder / "envoy.admin"
        self._admin.unlink(missing_ok=True)
        command = [*envoy_command(config), "--admin-address-path", str(self._admin), "--use-dynamic-base-id"]
        command[command.index("--concurrency") + 1] = "1"
        self.process = Process(command, folder / "envoy.log")
        self.process.wait_until(self._live)

    def _live(self) -> bool:
        try:
            return "LIVE" in self._get("/ready")
        except (OSError, ValueError):
            return False

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self._admin.read_text()}{path}", timeout=5) as answer:
            return answer.read().decode()  # type: ignore[no-any-return]

    def errors(self, port: int) -> int:
        """Calls of a listener's filter that failed, so that Envoy itself refused."""
        found = re.search(rf"ext_authz\.p{port}\.error: (\d+)", self._get(f"/stats?filter=ext_authz.p{port}"))
        return int(found[1]) if found else 0

    def version(self) -> str:
        """As Envoy names it."""
        return str(json.loads(self._get("/server_info"))["version"]).split("/")[1]


def _bootstrap(
    callouts: Mapping[int, Sequence[int]], traced: Container[int], named: Container[int], narrow: Container[int]
) -> dict[str, Any]:
    listeners = []
    for port, asked in callouts.items():
        filters = [_ext_authz(port, port in narrow)] if asked else []
        listeners.append(_listener(port, filters, port in traced, bool(asked) and port in named))
    return {
        "admin": {"address": _address(0)},
        "static_resources": {
            "listeners": listeners,
            "clusters": [_cluster(port, asked) for port, asked in callouts.items() if asked] + [_cluster(0, [9])],
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _listener(port: int, filters: list[dict[str, Any]], traced: bool, named: bool) -> dict[str, Any]:
    """A route that answers by itself and echoes the header that a callout added."""
    route: dict[str, Any] = {"match": {"prefix": "/"}, "direct_response": _OK}
    if named:
        route["typed_per_filter_config"] = {"envoy.filters.http.ext_authz": _ROUTE}
    manager = {
        "@type": f"{_TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"p{port}",
        "use_remote_address": True,
        "normalize_path": True,
        **({"tracing": _TRACING} if traced else {}),
        "http_filters": [*filters, _ROUTER],
        "route_config": {
            "virtual_hosts": [{
                "name": "all",
                "domains": ["*"],
                "response_headers_to_add": [{"header": {"key": "x-echo-user", "value": "%REQ(x-user-id)%"}}],
                "routes": [route],
            }]
        },
    }  # fmt: skip
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {"name": f"p{port}", "address": _address(port), "filter_chains": [chain]}


def _ext_authz(port: int, narrow: bool) -> dict[str, Any]:
    config = {
        "@type": f"{_TYPE}{_HTTP}.ext_authz.v3.ExtAuthz",
        "stat_prefix": f"p{port}",
        "transport_api_version": "V3",
        "grpc_service": {"envoy_grpc": {"cluster_name": f"p{port}"}, "timeout": TIMEOUT},
        "encode_raw_headers": True,
        "status_on_error": {"code": "ServiceUnavailable"},
    }
    if narrow:
        config["allowed_headers"] = {"patterns": [{"exact": name} for name in NEEDED]}
    return {"name": "envoy.filters.http.ext_authz", "typed_config": config}


def _cluster(port: int, asked: Sequence[int]) -> dict[str, Any]:
    options = {
        "@type": f"{_TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    endpoints = [{"endpoint": {"address": _address(each)}} for each in asked]
    return {
        "name": f"p{port}",
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": f"p{port}", "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
    }
