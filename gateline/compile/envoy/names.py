"""The names by which the parts of a compiled configuration call each other."""

from __future__ import annotations

from typing import Final

EXT_AUTHZ: Final = "envoy.filters.http.ext_authz"
# A second one for routes in shadow: what to do when the sidecar is away is a setting of the whole filter.
EXT_AUTHZ_SHADOW: Final = "gateline.ext_authz_shadow"
HEADER_MUTATION: Final = "envoy.filters.http.header_mutation"
PREVIOUS_HOSTS: Final = "envoy.retry_host_predicates.previous_hosts"
# How often a retry picks again when it picked a server that it has tried: one of two is missed once in 1,024 times.
PICKS: Final = 10
FORWARDED_FOR: Final = "gateline.forwarded_for"
# No upstream can be called so: ids have no slash.
SIDECAR_CLUSTER: Final = "gateline/sidecar"
UNMATCHED: Final = "gateline/unmatched"
