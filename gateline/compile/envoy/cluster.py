"""An upstream as an Envoy cluster."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster.v3 import (
    CircuitBreakers,
    CircuitBreakersThresholds,
    CircuitBreakersThresholdsRetryBudget,
    Cluster,
    ClusterCommonLbConfig,
    ClusterDiscoveryType,
    ClusterDnsLookupFamily,
    ClusterLbPolicy,
    LoadBalancingPolicy,
    LoadBalancingPolicyPolicy,
)
from envoy_data_plane.envoy.config.core.v3 import (
    Http1ProtocolOptions,
    Http2ProtocolOptions,
    TypedExtensionConfig,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    EndpointHealthCheckConfig,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.extensions.load_balancing_policies.least_request.v3 import (
    LeastRequest,
    LeastRequestSelectionMethod,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import (
    HttpProtocolOptions,
    HttpProtocolOptionsAutoHttpConfig,
    HttpProtocolOptionsExplicitHttpConfig,
)
from envoy_data_plane.envoy.type.v3 import Percent
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.address import address_of, discovery_of, split_port
from gateline.compile.envoy.health import health_check
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.envoy.tls import upstream_tls
from gateline.config.load import Loaded
from gateline.config.upstream import Server, Upstream

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_BUFFER_BYTES = 32 << 10
_MANY = 1 << 20
# Envoy's defaults (1,024 requests at once, 3 retries at once) are limits that nobody wrote in the gateway file.
UNLIMITED = CircuitBreakers(
    thresholds=[
        CircuitBreakersThresholds(
            max_connections=_MANY,
            max_pending_requests=_MANY,
            max_requests=_MANY,
            retry_budget=CircuitBreakersThresholdsRetryBudget(
                budget_percent=Percent(value=20.0), min_retry_concurrency=16
            ),
        )
    ]
)


def upstream_cluster(upstream: Upstream, options: EnvoyOptions, loaded: Loaded) -> Cluster:
    """The cluster of an upstream, under its id."""
    addresses = [server.address for server in upstream.servers]
    cluster = Cluster(
        name=upstream.id,
        type=discovery_of(addresses),
        connect_timeout=timedelta(seconds=upstream.connection_timeout),
        per_connection_buffer_limit_bytes=_BUFFER_BYTES,
        load_assignment=ClusterLoadAssignment(
            cluster_name=upstream.id,
            endpoints=[LocalityLbEndpoints(lb_endpoints=[_endpoint(upstream, server) for server in upstream.servers])],
        ),
        circuit_breakers=UNLIMITED,
        typed_extension_protocol_options=_protocol_options(upstream),
        # Without it Envoy sends to servers that failed their checks as soon as half of them have.
        common_lb_config=ClusterCommonLbConfig(healthy_panic_threshold=Percent(value=0.0)),
    )
    if cluster.type == ClusterDiscoveryType.STRICT_DNS:
        cluster.dns_lookup_family = ClusterDnsLookupFamily.V4_PREFERRED
    if upstream.health_check is not None:
        cluster.health_checks = [health_check(upstream, upstream.health_check)]
    if upstream.encrypted:
        hosts = [split_port(address)[0] for address in addresses]
        cluster.transport_socket = upstream_tls(upstream.tls, hosts, options.upstream_ca, loaded)
    _balance(cluster, upstream)
    return cluster


def _endpoint(upstream: Upstream, server: Server) -> LbEndpoint:
    host, port = split_port(server.address)
    standard = port == 80
    bare = f"[{host}]" if ":" in host else host
    # TLS asks for the name alone; elsewhere Host carries a port that is not the scheme's own (RFC 9110 §7.2).
    hostname = bare if standard or upstream.encrypted else f"{bare}:{port}"
    checks = EndpointHealthCheckConfig(hostname=hostname) if upstream.health_check is not None else None
    return LbEndpoint(
        endpoint=Endpoint(address=address_of(server.address), hostname=hostname, health_check_config=checks),
        load_balancing_weight=server.weight,
    )


def _balance(cluster: Cluster, upstream: Upstream) -> None:
    """Round robin obeys the weights, so `weighted` is the same; least-connections looks at every server."""
    if upstream.load_balance == "ip-hash":
        cluster.lb_policy = ClusterLbPolicy.MAGLEV
    elif upstream.load_balance == "least-connections":
        least = LeastRequest(selection_method=LeastRequestSelectionMethod.FULL_SCAN)
        policy = TypedExtensionConfig(name="envoy.load_balancing_policies.least_request", typed_config=Any.pack(least))
        cluster.load_balancing_policy = LoadBalancingPolicy(
            policies=[LoadBalancingPolicyPolicy(typed_extension_config=policy)]
        )


def _protocol_options(upstream: Upstream) -> dict[str, Any]:
    if upstream.protocol == "grpc":
        return http2_options()
    if upstream.protocol != "https":
        explicit = HttpProtocolOptionsExplicitHttpConfig(http_protocol_options=Http1ProtocolOptions())
        return {_HTTP_OPTIONS: Any.pack(HttpProtocolOptions(explicit_http_config=explicit))}
    options = HttpProtocolOptions(
        auto_config=HttpProtocolOptionsAutoHttpConfig(
            http_protocol_options=Http1ProtocolOptions(), http2_protocol_options=Http2ProtocolOptions()
        ),
    )
    return {_HTTP_OPTIONS: Any.pack(options)}


def http2_options() -> dict[str, Any]:
    """HTTP/2 with prior knowledge."""
    explicit = HttpProtocolOptionsExplicitHttpConfig(http2_protocol_options=Http2ProtocolOptions())
    return {_HTTP_OPTIONS: Any.pack(HttpProtocolOptions(explicit_http_config=explicit))}
