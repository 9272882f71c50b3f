"""A planned route as an Envoy route."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.route.v3 import (
    DirectResponseAction,
    RetryPolicy,
    RetryPolicyRetryHostPredicate,
    Route,
    RouteAction,
    RouteActionHashPolicy,
    RouteActionHashPolicyConnectionProperties,
    RouteActionUpgradeConfig,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatchAndSubstitute, RegexMatcher
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.client_certificate import removed_for_upstreams
from gateline.compile.envoy.ext_authz import ask_about
from gateline.compile.envoy.match import quote, route_match
from gateline.compile.envoy.names import PICKS, PREVIOUS_HOSTS, UNMATCHED
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.envoy.split import set_split
from gateline.compile.plan import Plan, PlannedRoute
from gateline.config.upstream import Upstream

# RFC 9110 §9.2.2.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
# What never reached the application is safe to send again, whatever the method.
_UNSENT = "connect-failure,refused-stream,reset-before-request"
_STREAM_IDLE_S = 300


def route_table(plan: Plan, options: EnvoyOptions) -> RouteConfiguration:
    """Every route in the router's order, then one that lets Gateline answer what none matches."""
    routes = [_route(plan, planned, options) for planned in plan.routes]
    unmatched = Route(name=UNMATCHED, match=RouteMatch(prefix="/"), direct_response=DirectResponseAction(status=404))
    host = VirtualHost(name="gateline", domains=["*"], routes=[*routes, unmatched])
    return RouteConfiguration(
        name="gateline", virtual_hosts=[host], request_headers_to_remove=removed_for_upstreams(plan)
    )


def _route(plan: Plan, planned: PlannedRoute, options: EnvoyOptions) -> Route:
    return Route(
        name=planned.route.id,
        match=route_match(planned.route.match),
        route=_action(plan, planned),
        typed_per_filter_config=ask_about(plan, planned, options),
    )


def _action(plan: Plan, planned: PlannedRoute) -> RouteAction:
    route, upstream = planned.route, planned.upstream
    action = RouteAction(
        cluster=upstream.id,
        timeout=timedelta(seconds=route.timeout),
        retry_policy=_retries(upstream, route.methods),
    )
    if upstream.read_timeout > _STREAM_IDLE_S:
        action.idle_timeout = timedelta(seconds=upstream.read_timeout)
    if not route.preserve_host:
        action.auto_host_rewrite = True
    if route.strip_path:
        _strip(action, planned)
    if upstream.load_balance == "ip-hash":
        source = RouteActionHashPolicyConnectionProperties(source_ip=True)
        action.hash_policy = [RouteActionHashPolicy(connection_properties=source)]
    if route.traffic_split is not None:
        set_split(action, plan, route.traffic_split)
    if upstream.protocol == "ws":
        action.upgrade_configs = [RouteActionUpgradeConfig(upgrade_type="websocket")]
    return action


def _strip(action: RouteAction, planned: PlannedRoute) -> None:
    """`/v2/users` becomes `/`, `/v2/users/7` becomes `/7`; a prefix rewrite would leave two slashes in one of them."""
    match = planned.route.match
    if match.exact:
        action.prefix_rewrite = "/"
    elif match.path != "/":
        action.regex_rewrite = RegexMatchAndSubstitute(
            pattern=RegexMatcher(regex=f"^{quote(match.path)}(/(.*))?$"), substitution=r"/\2"
        )


def _retries(upstream: Upstream, methods: tuple[str, ...]) -> RetryPolicy:
    """The read timeout lives here too: it is a limit on an attempt's silence."""
    policy = RetryPolicy(num_retries=upstream.retries, per_try_idle_timeout=timedelta(seconds=upstream.read_timeout))
    if upstream.retries:
        # A response is never retried: a server that answers 503 is shedding load, and would get more of it.
        policy.retry_on = f"{_UNSENT},reset" if IDEMPOTENT.issuperset(methods) else _UNSENT
    if upstream.retries and len(upstream.servers) > 1:
        policy.retry_host_predicate = [
            RetryPolicyRetryHostPredicate(name=PREVIOUS_HOSTS, typed_config=Any.pack(PreviousHostsPredicate()))
        ]
        policy.host_selection_retry_max_attempts = PICKS
    return policy
