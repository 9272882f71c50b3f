"""A route's `traffic_split` as weighted clusters, and what Envoy cannot do of it.

The weights are the core's points, so that a share is the same to the last of them. Who is kept where follows from
Envoy's own hash: a user may stand on another point than behind Kong, but on the same one for ever, and a growing target
only gains users here, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy_data_plane.envoy.config.route.v3 import (
    RouteAction,
    RouteActionHashPolicy,
    RouteActionHashPolicyConnectionProperties,
    RouteActionHashPolicyHeader,
    WeightedCluster,
    WeightedClusterClusterWeight,
)

from gateline.compile.plan import Plan, PlannedRoute
from gateline.split.config import ByHeader, TrafficSplit
from gateline.values.errors import Fault

# What one route action says for all of its clusters.
_ALIKE = ("protocol", "read_timeout", "retries", "load_balance")


def set_split(action: RouteAction, plan: Plan, split: TrafficSplit) -> None:
    """Send a route's requests to its targets by weight."""
    clusters = [
        WeightedClusterClusterWeight(name=name, weight=points) for name, points in split.shares.points if points
    ]
    action.cluster = None
    action.weighted_clusters = WeightedCluster(clusters=clusters)
    if split.sticky_by is not None:
        action.weighted_clusters.use_hash_policy = True
        action.hash_policy = [_hash_policy(plan, split)]


def _hash_policy(plan: Plan, split: TrafficSplit) -> RouteActionHashPolicy:
    if split.sticky_by == "ip":
        source = RouteActionHashPolicyConnectionProperties(source_ip=True)
        return RouteActionHashPolicy(connection_properties=source)
    by = split.sticky_by
    name = by.header if isinstance(by, ByHeader) else plan.gateway.identity_headers.user_id or ""
    return RouteActionHashPolicy(header=RouteActionHashPolicyHeader(header_name=name))


def chooses_by_user(plan: Plan) -> bool:
    """Whether a cluster must be chosen anew once it is known who makes the request."""
    splits = [planned.route.traffic_split for planned in plan.routes]
    return any(split is not None and split.sticky_by == "user_id" for split in splits)


def split_refusals(plan: Plan, planned: PlannedRoute) -> Iterator[Fault]:
    """What of a split Envoy cannot do as it is written."""
    split = planned.route.traffic_split
    if split is None:
        return
    path = (*planned.path, "traffic_split")
    upstreams = {upstream.id: upstream for _, upstream in plan.upstreams}
    for index, weighted in enumerate(split.upstream_weights):
        other = upstreams[weighted.target]
        for name in _ALIKE:
            if getattr(other, name) != getattr(planned.upstream, name):
                message = f"has another {name} than {planned.upstream.id}: in Envoy a route has one for all its targets"
                yield Fault((*path, "upstream_weights", index, "target"), message)
    if split.sticky_by is not None and planned.upstream.load_balance == "ip-hash":
        yield Fault((*path, "sticky_by"), "can't stand beside ip-hash: Envoy has one hash for both")
    if split.salt is not None:
        yield Fault((*path, "salt"), "can't be given to Envoy, whose hash has none of ours: leave it out")
    if split.sticky_by == "user_id" and plan.gateway.identity_headers.user_id is None:
        yield Fault((*path, "sticky_by"), "needs identity_headers.user_id: Envoy hashes what that header says")
