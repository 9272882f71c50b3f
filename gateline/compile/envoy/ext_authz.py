"""The filters that ask Gateline, what each route tells them, and the cluster of the sidecar."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.core.v3 import (
    ApiVersion,
    BackoffStrategy,
    GrpcService,
    GrpcServiceEnvoyGrpc,
    HealthCheck,
    HealthCheckGrpcHealthCheck,
    RetryPolicy,
    RetryPolicyRetryHostPredicate,
)
from envoy_data_plane.envoy.config.endpoint.v3 import (
    ClusterLoadAssignment,
    Endpoint,
    LbEndpoint,
    LocalityLbEndpoints,
)
from envoy_data_plane.envoy.config.route.v3 import FilterConfig
from envoy_data_plane.envoy.extensions.filters.http.ext_authz.v3 import (
    BufferSettings,
    CheckSettings,
    ExtAuthz,
    ExtAuthzPerRoute,
)
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.type.matcher.v3 import ListStringMatcher, StringMatcher
from envoy_data_plane.envoy.type.v3 import HttpStatus, StatusCode
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.address import address_of, discovery_of
from gateline.compile.envoy.cluster import UNLIMITED, http2_options
from gateline.compile.envoy.names import (
    EXT_AUTHZ,
    EXT_AUTHZ_SHADOW,
    HEADER_MUTATION,
    PICKS,
    PREVIOUS_HOSTS,
    SIDECAR_CLUSTER,
)
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.envoy.split import chooses_by_user
from gateline.compile.needs import headers_of
from gateline.compile.plan import Plan, PlannedRoute
from gateline.config.budgets import budgets_of
from gateline.config.gateway import Budgets

_CONNECT = timedelta(milliseconds=100)


def ask_filters(plan: Plan, options: EnvoyOptions) -> list[HttpFilter]:
    """One filter that asks; a second, off by default, where some routes but not the gateway are in shadow."""
    service = _service(plan.gateway.budgets, options)
    ask = Any.pack(_ext_authz(plan, service, "gateline", fail_open=plan.shadow))
    filters = [HttpFilter(name=EXT_AUTHZ, typed_config=ask)]
    if _mixed(plan):
        shadow = Any.pack(_ext_authz(plan, service, "gateline_shadow", fail_open=True))
        filters.append(HttpFilter(name=EXT_AUTHZ_SHADOW, typed_config=shadow, disabled=True))
    return filters


def _mixed(plan: Plan) -> bool:
    return not plan.shadow and any(planned.shadow for planned in plan.routes)


def _service(budgets: Budgets, options: EnvoyOptions) -> GrpcService:
    budget = timedelta(milliseconds=budgets.proxy_ms)
    service = GrpcService(envoy_grpc=GrpcServiceEnvoyGrpc(cluster_name=SIDECAR_CLUSTER), timeout=budget)
    if len(options.sidecars) > 1:
        # A Check that never reached its worker has charged nothing: another worker may have it.
        service.retry_policy = RetryPolicy(
            retry_on="connect-failure,refused-stream,reset-before-request",
            num_retries=1,
            # Envoy takes the longest pause for the limit of one try, too.
            retry_back_off=BackoffStrategy(base_interval=timedelta(milliseconds=1), max_interval=budget),
            retry_host_predicate=[
                RetryPolicyRetryHostPredicate(name=PREVIOUS_HOSTS, typed_config=Any.pack(PreviousHostsPredicate()))
            ],
            host_selection_retry_max_attempts=PICKS,
        )
    return service


def _ext_authz(plan: Plan, service: GrpcService, stat_prefix: str, *, fail_open: bool) -> ExtAuthz:
    return ExtAuthz(
        stat_prefix=stat_prefix,
        transport_api_version=ApiVersion.V3,
        grpc_service=service,
        failure_mode_allow=fail_open,
        status_on_error=HttpStatus(code=StatusCode.ServiceUnavailable),
        encode_raw_headers=True,
        allowed_headers=_allowed_headers(plan),
        validate_mutations=True,
        # The cluster of a route that is split by user is chosen when the user is known.
        clear_route_cache=chooses_by_user(plan),
        include_peer_certificate=any(planned.needs.certificate for planned in plan.routes),
    )


def _allowed_headers(plan: Plan) -> ListStringMatcher | None:
    """The headers that the policy may read; None sends all of them."""
    names = headers_of(plan.gateway)
    if names == "all":
        return None
    return ListStringMatcher(patterns=[StringMatcher(exact=name) for name in sorted(names)])


def ask_about(plan: Plan, planned: PlannedRoute, options: EnvoyOptions) -> dict[str, Any]:
    """A route's own settings: its name, body and time where its rules want them, and which of the filters asks."""
    settings = CheckSettings(context_extensions={"route": planned.route.id})
    budgets = budgets_of(plan.gateway, planned.route)
    if budgets != plan.gateway.budgets:
        settings.grpc_service = _service(budgets, options)
    if planned.needs.body:
        settings.with_request_body = BufferSettings(max_request_bytes=options.max_body_bytes, pack_as_bytes=True)
    ask = Any.pack(ExtAuthzPerRoute(check_settings=settings))
    if not planned.shadow or plan.shadow:
        return {EXT_AUTHZ: ask}
    off = Any.pack(FilterConfig(disabled=True))
    return {EXT_AUTHZ: off, EXT_AUTHZ_SHADOW: ask, HEADER_MUTATION: off}


def sidecar_cluster(options: EnvoyOptions) -> Cluster:
    """Every worker process of the sidecar; health checks leave a paused or drained one out."""
    endpoints = [LbEndpoint(endpoint=Endpoint(address=address_of(text))) for text in options.sidecars]
    return Cluster(
        name=SIDECAR_CLUSTER,
        type=discovery_of(list(options.sidecars)),
        connect_timeout=_CONNECT,
        load_assignment=ClusterLoadAssignment(
            cluster_name=SIDECAR_CLUSTER, endpoints=[LocalityLbEndpoints(lb_endpoints=endpoints)]
        ),
        circuit_breakers=UNLIMITED,
        health_checks=[
            HealthCheck(
                timeout=timedelta(milliseconds=500),
                interval=timedelta(seconds=1),
                no_traffic_interval=timedelta(seconds=1),
                unhealthy_threshold=2,
                healthy_threshold=1,
                grpc_health_check=HealthCheckGrpcHealthCheck(),
            )
        ],
        close_connections_on_host_health_failure=True,
        typed_extension_protocol_options=http2_options(),
    )
