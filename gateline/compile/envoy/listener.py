"""The listener: one HTTP connection manager that normalises, strips, asks Gateline and routes."""

from __future__ import annotations

from datetime import timedelta

from envoy_data_plane.envoy.config.core.v3 import (
    CidrRange,
    Http2ProtocolOptions,
    HttpProtocolOptions,
    HttpProtocolOptionsHeadersWithUnderscoresAction,
)
from envoy_data_plane.envoy.config.listener.v3 import Filter, FilterChain, Listener, ListenerFilter
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.listener.proxy_protocol.v3 import ProxyProtocol
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
    HttpConnectionManagerInternalAddressConfig,
    HttpConnectionManagerPathWithEscapedSlashesAction,
    HttpFilter,
)
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.access_log import access_logs
from gateline.compile.envoy.address import address_of
from gateline.compile.envoy.client_certificate import forwarding
from gateline.compile.envoy.ext_authz import ask_filters
from gateline.compile.envoy.local_reply import local_replies
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.envoy.request_headers import forwarded_for_filters, identity_filters
from gateline.compile.envoy.route import route_table
from gateline.compile.envoy.tls import listener_tls
from gateline.compile.plan import Plan

_BUFFER_BYTES = 32 << 10


def listener(plan: Plan, options: EnvoyOptions) -> Listener:
    """The one listener."""
    manager = Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=Any.pack(_manager(plan, options))
    )
    made = Listener(
        name="gateline",
        address=address_of(options.listen),
        per_connection_buffer_limit_bytes=_BUFFER_BYTES,
        filter_chains=[FilterChain(filters=[manager])],
    )
    if plan.gateway.tls is not None:
        made.filter_chains[0].transport_socket = listener_tls(plan.gateway.tls, plan.loaded)
    if options.proxy_protocol:
        told = Any.pack(ProxyProtocol(allow_requests_without_proxy_protocol=True))
        made.listener_filters = [ListenerFilter(name="envoy.filters.listener.proxy_protocol", typed_config=told)]
    return made


def _manager(plan: Plan, options: EnvoyOptions) -> HttpConnectionManager:
    return HttpConnectionManager(
        stat_prefix="gateline",
        route_config=route_table(plan, options),
        http_filters=_filters(plan, options),
        access_log=access_logs(options.access_log),
        local_reply_config=local_replies(),
        server_name="gateline",
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action=HttpConnectionManagerPathWithEscapedSlashesAction.REJECT_REQUEST,
        use_remote_address=True,
        xff_num_trusted_hops=plan.gateway.trusted_hops,
        skip_xff_append=not options.proxy_protocol,
        forward_client_cert_details=forwarding(plan),
        internal_address_config=_nobody_is_internal(),
        generate_request_id=True,
        preserve_external_request_id=False,
        stream_idle_timeout=timedelta(seconds=300),
        request_timeout=timedelta(seconds=300),
        request_headers_timeout=timedelta(seconds=10),
        max_request_headers_kb=60,
        common_http_protocol_options=HttpProtocolOptions(
            idle_timeout=timedelta(seconds=900),
            max_headers_count=100,
            headers_with_underscores_action=HttpProtocolOptionsHeadersWithUnderscoresAction.ALLOW,
        ),
        http2_protocol_options=Http2ProtocolOptions(
            max_concurrent_streams=100,
            initial_stream_window_size=64 << 10,
            initial_connection_window_size=1 << 20,
            allow_connect=any(planned.upstream.protocol == "ws" for planned in plan.routes),
        ),
    )


def _nobody_is_internal() -> HttpConnectionManagerInternalAddressConfig:
    """An empty list would mean all private addresses, whose `x-envoy-*` headers and request ids Envoy believes."""
    return HttpConnectionManagerInternalAddressConfig(
        cidr_ranges=[CidrRange(address_prefix="255.255.255.255", prefix_len=32)]
    )


def _filters(plan: Plan, options: EnvoyOptions) -> list[HttpFilter]:
    router = HttpFilter(name="envoy.filters.http.router", typed_config=Any.pack(Router(suppress_envoy_headers=True)))
    return [*forwarded_for_filters(options), *identity_filters(plan), *ask_filters(plan, options), router]
