"""Edits of the request's headers before Gateline is asked.

What clients send under our identity headers' names is removed. (A list of headers to remove on the route would run
after Gateline and delete what it set.) And the peer is appended to X-Forwarded-For: Envoy by itself appends an address
of its own machine in place of a loopback one, and a trusted proxy on the same machine would then be taken for two hops.
"""

from __future__ import annotations

from envoy_data_plane.envoy.config.common.mutation_rules.v3 import HeaderMutation as Mutation
from envoy_data_plane.envoy.config.common.mutation_rules.v3 import HeaderMutationRemoveOnMatch
from envoy_data_plane.envoy.config.core.v3 import (
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
)
from envoy_data_plane.envoy.extensions.filters.http.header_mutation.v3 import HeaderMutation, Mutations
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import HttpFilter
from envoy_data_plane.envoy.type.matcher.v3 import RegexMatcher, StringMatcher
from envoy_data_plane.google.protobuf import Any

from gateline.compile.envoy.client_certificate import LOOKALIKES
from gateline.compile.envoy.match import quote
from gateline.compile.envoy.names import FORWARDED_FOR, HEADER_MUTATION
from gateline.compile.envoy.options import EnvoyOptions
from gateline.compile.plan import Plan


def identity_filters(plan: Plan) -> list[HttpFilter]:
    """One filter for all routes; none where the gateway is in shadow."""
    if plan.shadow:
        return []
    names = plan.gateway.identity_headers.names.values()
    mutations = Mutations(request_mutations=[*(_removal(spelled(name)) for name in names), _removal(LOOKALIKES)])
    return [HttpFilter(name=HEADER_MUTATION, typed_config=Any.pack(HeaderMutation(mutations=mutations)))]


def forwarded_for_filters(options: EnvoyOptions) -> list[HttpFilter]:
    """Appends who is at the other end of the connection.

    None where the PROXY protocol tells it: this operator knows only the physical peer, Envoy's own way the told one.
    """
    if options.proxy_protocol:
        return []
    peer = HeaderValueOption(
        header=HeaderValue(key="x-forwarded-for", value="%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
        append_action=HeaderValueOptionHeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
    )
    mutations = Mutations(request_mutations=[Mutation(append=peer)])
    return [HttpFilter(name=FORWARDED_FOR, typed_config=Any.pack(HeaderMutation(mutations=mutations)))]


def spelled(name: str) -> str:
    """A pattern of each spelling of `sanitise.identity_headers.spellings`; Envoy's names are lower-case."""
    return "[-_]".join(quote(part) for part in name.lower().replace("_", "-").split("-"))


def _removal(pattern: str) -> Mutation:
    matcher = StringMatcher(safe_regex=RegexMatcher(regex=pattern))
    return Mutation(remove_on_match=HeaderMutationRemoveOnMatch(key_matcher=matcher))
