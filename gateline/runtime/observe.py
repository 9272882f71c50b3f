"""The engine's observer: counts and logs a decision, on the loop's thread; the rest is the log's writer's work."""

from __future__ import annotations

from collections.abc import Callable

from gateline.context import Context
from gateline.runtime.decision_log import DecisionLog, Entry
from gateline.runtime.metrics import Metrics
from gateline.runtime.outcome import ALLOWED, outcome_of
from gateline.values.decision import Allow, Deny, Unavailable


class Watcher:
    """`see` is told once per decision. `revision` is set with each policy."""

    __slots__ = ("_log", "_metrics", "_now_unix_s", "revision")

    def __init__(self, metrics: Metrics, log: DecisionLog, now_unix_s: Callable[[], float], revision: str) -> None:
        self._metrics = metrics
        self._log = log
        self._now_unix_s = now_unix_s
        self.revision = revision

    def see(self, context: Context) -> None:
        """Count the decision and note its line."""
        decision, request = context.decision, context.request
        if decision is None:  # never: the pipeline sets it first
            return
        outcome = ALLOWED if type(decision) is Allow else outcome_of(decision)
        would = None if context.would is None else outcome_of(context.would)
        # The wall clock may step back between the two readings.
        took_s = max(0.0, self._now_unix_s() - request.now)
        self._metrics.count(context.route_id, outcome, would, took_s)
        if context.fallbacks:
            for fallback in context.fallbacks:
                self._metrics.count_fallback(context.route_id, fallback.partition(":")[0])
        level = self._log.level
        if level == "off" or (level == "refused" and not outcome.code and would is None):
            return
        refusal = decision if isinstance(decision, Deny | Unavailable) else context.would
        identity = context.identity
        self._log.add(
            Entry(
                request.now,
                took_s,
                request.request_id,
                request.method,
                context.path or request.target.partition("?")[0],
                context.client or request.peer,
                context.route_id,
                context.step,
                outcome,
                refusal.problem.why if refusal is not None else _fallbacks(context),
                identity.user_id if identity is not None else "",
                identity.credential_id if identity is not None else "",
                self.revision,
                would,
            )
        )


def _fallbacks(context: Context) -> str:
    """Which limits went by their `on_failure`, for the log; empty nearly always."""
    return f"without the store: {', '.join(context.fallbacks)}" if context.fallbacks else ""
