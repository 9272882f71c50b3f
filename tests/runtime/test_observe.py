"""The observer: it tells log and metrics of a decision what happened, and nothing that is secret."""

from __future__ import annotations

import pytest

from gateline.context import Context
from gateline.runtime.decision_log import DecisionLog
from gateline.runtime.log_line import json_line
from gateline.runtime.metrics import Metrics
from gateline.runtime.observe import Watcher
from gateline.values.decision import Allow, deny, unavailable
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import Request


def context(decision, **fields) -> Context:
    headers = Headers([("authorization", "Bearer hush"), ("cookie", "hush")])
    request = Request("GET", "/a?q=hush", "h", headers, "203.0.113.9", now=100.0, request_id="id-1")
    made = Context(request)
    for name, value in {"decision": decision, **fields}.items():
        setattr(made, name, value)
    return made


class Written:
    """A watcher, and the lines that it leads to."""

    def __init__(self, level: str) -> None:
        self.lines: list[bytes] = []
        self.metrics = Metrics()
        self._log = DecisionLog(level, self.lines.append)  # type: ignore[arg-type]
        self.watcher = Watcher(self.metrics, self._log, json_line, lambda: 100.5, "abc")

    def see(self, context: Context) -> str:
        self.watcher.see(context)
        self._log.flush()
        return b"".join(self.lines).decode()


def test_a_line_has_no_header_and_no_query():
    identity = Identity("alice", "jwt", credential_id="jti-1", claims={"email": "hush"})
    line = Written("all").see(context(Allow(identity), identity=identity))
    assert "hush" not in line
    assert '"path":"/a"' in line
    assert '"client":"203.0.113.9"' in line
    assert '"latency_us":500000' in line


def test_a_clock_that_steps_back_counts_as_no_time():
    written = Written("all")
    seen = context(Allow())
    seen.request.now = 200.0
    assert '"latency_us":0' in written.see(seen)
    assert written.metrics.samples()["gateline_decision_seconds_sum"] == 0


@pytest.mark.parametrize(
    ("decision", "would", "level", "logged"),
    [
        (Allow(), None, "all", True),
        (Allow(), None, "refused", False),
        (Allow(), deny("forbidden"), "refused", True),
        (deny("forbidden"), None, "refused", True),
        (unavailable("dependency_unavailable", "store"), None, "refused", True),
        (deny("forbidden"), None, "off", False),
    ],
)
def test_the_level_says_which_decisions_are_lines(decision, would, level: str, logged: bool):
    written = Written(level)
    assert bool(written.see(context(decision, would=would))) is logged
    assert written.metrics.samples()["gateline_decision_seconds_count"] == 1


def test_a_limit_that_went_by_its_on_failure_is_logged_and_counted():
    written = Written("all")
    line = written.see(context(Allow(), route=FoundRoute("r"), fallbacks=("allow:r", "local:global")))
    assert '"why":"without the store: allow:r, local:global"' in line
    samples = written.metrics.samples()
    for way in ("allow", "local"):
        assert samples[f'gateline_limit_fallbacks_total{{route="r",on_failure="{way}"}}'] == 1
