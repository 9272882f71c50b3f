"""A decision in three words: what the log, the metrics and `explain` say of it."""

from __future__ import annotations

from typing import NamedTuple

from gateline.values.decision import Allow, Decision, Reply


class Outcome(NamedTuple):
    """`code` is empty where nothing was refused; the status of an allow is 200, since ours is not the last word."""

    decision: str
    status: int
    code: str


ALLOWED = Outcome("allow", 200, "")


def outcome_of(decision: Decision) -> Outcome:
    """The outcome of a decision, or of what a shadowed rule would have decided."""
    if isinstance(decision, Allow):
        return ALLOWED
    if isinstance(decision, Reply):
        return Outcome("reply", decision.status, "")
    return Outcome(type(decision).__name__.lower(), decision.problem.status, decision.problem.code)
