"""Removes what clients send under our identity headers' names, before Gateline is asked.

A list of headers to remove on the route would run after Gateline and delete what it set.
"""

from __future__ import annotations

from envoy_data_plane.envoy.config.common.mutation_rules.v3 import HeaderMutation as Mutation
from envoy_data_plane.envoy.config.common.mutation_rules.v3 import HeaderMutationRemoveOnMatch
from envoy_data_plane.envoy.extensions.filters.http.header_mutation.v3 import HeaderMutation, Mutations
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.match import quote
from gateline.compile.envoy.names import HEADER_MUTATION
from gateline.compile.plan import Plan


def identity_filters(plan: Plan) -> list[HttpFilter]:
    """One filter for all routes; none where the gateway is in shadow, or gives no identity."""
    names = plan.gateway.identity_headers.names.values()
    if plan.shadow or not names:
        return []
    mutations = Mutations(request_mutations=[_removal(name) for name in names])
    return [HttpFilter(name=HEADER_MUTATION, typed_config=Any.pack(HeaderMutation(mutations=mutations)))]


def _removal(name: str) -> Mutation:
    """Remove a header under each spelling of `sanitise.identity_headers.spellings`; Envoy's names are lower-case."""
    pattern = "[-_]".join(quote(part) for part in name.lower().replace("_", "-").split("-"))
    matcher = StringMatcher(safe_regex=RegexMatcher(regex=pattern))
    return Mutation(remove_on_match=HeaderMutationRemoveOnMatch(key_matcher=matcher))
