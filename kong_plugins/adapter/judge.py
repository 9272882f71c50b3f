"""One access phase: read the request, decide, tell Kong, and leave the verdict."""

from __future__ import annotations

import time
from typing import Any

from gateline.limit.headers import limit_headers
from gateline.values.decision import Allow, Decision, Deny, Reply, Unavailable, deny, unavailable
from gateline.values.headers import Pair
from kong_plugins.adapter import consumer
from kong_plugins.adapter.answer import edit, name, refuse, reply
from kong_plugins.adapter.limit_headers import LimitHeaders
from kong_plugins.adapter.policy import Policy
from kong_plugins.adapter.request import KongRequest, TooManyHeadersError, address, nobody, read
from kong_plugins.adapter.told import told
from kong_plugins.adapter.verdict import give_verdict


class Judge:
    """A plugin's access phase under one configuration. It keeps nothing of a request."""

    def __init__(
        self,
        plugin: str,
        policy: Policy,
        asks: consumer.ConsumerConfig | None = None,
        limit_headers: LimitHeaders | None = None,
    ) -> None:
        self._plugin = plugin
        self._policy = policy
        self._asks = asks if asks is not None and asks.consumer_by != "none" else None
        self._limit_headers = limit_headers

    def access(self, kong: Any, route: str | None, address: str | None = None) -> None:
        """Judge the request by a named route, or by the one that the core finds.

        `address` stands for the client's, where the plugin counts by something else.
        """
        reading = self._policy.readings.of(route)
        try:
            request = read(kong, reading, route, time.time(), address)
        except TooManyHeadersError:
            self._refuse(kong, deny("malformed_request", "more headers than Kong shows"), nobody(reading))
            return
        decision = self._policy.decide(request)
        self._note(kong, request, decision)
        if isinstance(decision, Allow):
            self._allow(kong, request, decision)
        elif isinstance(decision, Reply):
            reply(kong, decision)
        else:
            self._refuse(kong, decision, request)

    def _allow(self, kong: Any, request: KongRequest, decision: Allow) -> None:
        edits = decision.request_edits
        headers, remove = edits.set, edits.remove
        if self._asks is not None:
            known = self._consumer(kong, self._asks, decision)
            if known is None:
                self._refuse(kong, deny("invalid_token", "Kong has no consumer of this user"), request)
                return
            headers = (*headers, *known)
            remove = (*remove, *consumer.sent(request.headers, (name for name, _ in known)))
        elif decision.identity is not None:
            remove = (*remove, *consumer.claimed(kong, request.headers))
        if decision.upstream is not None and told(kong.service.set_upstream(decision.upstream)) is not True:
            self._refuse(kong, unavailable("internal_error", f"Kong has no upstream {decision.upstream}"), request)
            return
        limits = () if decision.limits is None else limit_headers(*decision.limits)
        edit(kong, headers, remove, (*decision.response_headers, *limits, *self._limits(request)))
        give_verdict(kong, self._plugin)

    def _consumer(self, kong: Any, asks: consumer.ConsumerConfig, decision: Allow) -> list[Pair] | None:
        """The headers of Kong's consumer, none for nobody; None where there must be one and is not."""
        if decision.identity is None:
            return []
        found = consumer.find(kong, decision.identity)
        if found is None:
            return [] if asks.consumer_optional else None
        return consumer.authenticate(kong, found, decision.identity)

    def _limits(self, request: KongRequest) -> tuple[Pair, ...]:
        if self._limit_headers is None or request.context is None:
            return ()
        return self._limit_headers(request.context)

    def _refuse(self, kong: Any, decision: Deny | Unavailable, request: KongRequest) -> None:
        limits = self._limits(request)
        if limits:
            decision = type(decision)(decision.problem, (*decision.headers, *limits))
        refuse(kong, decision, request)

    def _note(self, kong: Any, request: KongRequest, decision: Decision) -> None:
        """Count and log; what only the log wants is asked for now."""
        context = request.context
        if context is None:
            return
        level = self._policy.log.level
        if level == "all" or (level == "refused" and (not isinstance(decision, Allow) or context.would is not None)):
            name(kong, request)
            request.method = request.method or told(kong.request.get_method())
            request.peer = request.peer or address(kong, peer=False)
        self._policy.note(context)
