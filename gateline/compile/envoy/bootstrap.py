"""The whole configuration file."""

from __future__ import annotations

from typing import Any as Data

from envoy_data_plane.envoy.config.bootstrap.v3 import (
    Admin,
    Bootstrap,
    BootstrapStaticResources,
    LayeredRuntime,
    RuntimeLayer,
)
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.config.overload.v3 import OverloadManager, ResourceMonitor
from envoy_data_plane.envoy.extensions.resource_monitors.downstream_connections.v3 import DownstreamConnectionsConfig
from envoy_data_plane.google.protobuf import Any, Struct

from gateline.compile.envoy.address import address_of
from gateline.compile.envoy.cluster import upstream_cluster
from gateline.compile.envoy.explicit import say_defaults
from gateline.compile.envoy.ext_authz import sidecar_cluster
from gateline.compile.envoy.listener import listener
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.envoy.quickly import remembering
from gateline.compile.envoy.refusals import refusals
from gateline.compile.plan import Plan

_MAX_CONNECTIONS = 50_000


def bootstrap(plan: Plan, options: EnvoyOptions) -> dict[str, Data]:
    """The configuration as plain data; `ConfigError` with lines for what Envoy can't do."""
    if faults := list(refusals(plan)):
        raise plan.loaded.error(faults)
    with remembering():
        data: dict[str, Data] = _made(plan, options)
    say_defaults(data)
    return data


def _made(plan: Plan, options: EnvoyOptions) -> dict[str, Data]:
    clusters = [upstream_cluster(upstream, options, plan.loaded) for _, upstream in plan.upstreams]
    made = Bootstrap(
        node=Node(id="gateline", cluster="gateline"),
        static_resources=BootstrapStaticResources(
            listeners=[listener(plan, options)], clusters=[*clusters, sidecar_cluster(options)]
        ),
        layered_runtime=_runtime(plan),
        overload_manager=_overload(),
    )
    if options.admin is not None:
        made.admin = Admin(address=address_of(options.admin))
    # The library's own casings misspell some names (`consecutive_5xx`); the fields are in Envoy's spelling already.
    return made.to_dict(casing=str)  # type: ignore[arg-type]  # any callable is taken


def _runtime(plan: Plan) -> LayeredRuntime | None:
    """Switches of Envoy's matching, where a route's conditions would not mean what the core makes of them.

    A header that comes twice must not match by one of its lines: joined by a comma, as Envoy had it up to 1.36, it
    does not. And older versions refuse patterns (of many hosts, of a query condition) that they think too large.
    """
    switches: dict[str, Data] = {}
    routes = [planned.route for planned in plan.routes]
    if any(isinstance(condition, str) for route in routes for condition in route.headers.values()):
        switches["envoy.reloadable_features.match_headers_individually"] = False
    if any(route.hosts or route.query for route in routes):
        switches["re2.max_program_size.error_level"] = switches["re2.max_program_size.warn_level"] = 100_000
    if not switches:
        return None
    return LayeredRuntime(layers=[RuntimeLayer(name="gateline", static_layer=Struct.from_dict(switches))])


def _overload() -> OverloadManager:
    limit = DownstreamConnectionsConfig(max_active_downstream_connections=_MAX_CONNECTIONS)
    return OverloadManager(
        resource_monitors=[
            ResourceMonitor(
                name="envoy.resource_monitors.global_downstream_max_connections", typed_config=Any.pack(limit)
            )
        ]
    )
