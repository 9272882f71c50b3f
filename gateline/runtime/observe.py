"""The engine's observer: counts a decision and tells its line to the log, on the loop's thread."""

from __future__ import annotations

from collections.abc import Callable

from gateline.context import Context
from gateline.runtime.decision_log import DecisionLog
from gateline.runtime.log_line import Format
from gateline.runtime.metrics import Metrics
from gateline.runtime.outcome import ALLOWED, outcome_of
from gateline.values.decision import Allow


class Watcher:
    """`see` is told once per decision. `revision` and `form`, how a line is told, are set with each policy."""

    __slots__ = ("_log", "_metrics", "_now_unix_s", "form", "revision")

    def __init__(
        self, metrics: Metrics, log: DecisionLog, form: Format, now_unix_s: Callable[[], float], revision: str
    ) -> None:
        self._metrics = metrics
        self._log = log
        self._now_unix_s = now_unix_s
        self.form = form
        self.revision = revision

    def see(self, context: Context) -> None:
        """Count the decision and note its line."""
        decision = context.decision
        if decision is None:  # never: the pipeline sets it first
            return
        outcome = ALLOWED if type(decision) is Allow else outcome_of(decision)
        would = None if context.would is None else outcome_of(context.would)
        took_s = self._now_unix_s() - context.request.now
        if took_s < 0.0:  # noqa: PLR1730  # the wall clock may step back between the two readings
            took_s = 0.0
        self._metrics.count(context.route, outcome, would, took_s)
        if context.fallbacks:
            for fallback in context.fallbacks:
                self._metrics.count_fallback(context.route.id, fallback.partition(":")[0])
        log = self._log
        if log.level == "all" or (log.level == "refused" and (outcome.code or would is not None)):
            log.add(self.form(context, outcome, would, took_s, self.revision))
