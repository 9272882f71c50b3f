"""What the context is told of a decision on its way: which step runs, what came of it, and why, for `explain`."""

from __future__ import annotations

from gateline.context import Context, Note
from gateline.pipeline.step import BuiltRoute, Outcome
from gateline.values.decision import Deny, Reply, Unavailable


def begin(context: Context, step: str, rule: str = "") -> None:
    """Say that a step begins; what it explains goes to its note."""
    context.step = step
    if context.notes is not None:
        context.notes.append(Note(step, "pass", "", rule))


def chosen(context: Context, route: BuiltRoute) -> None:
    """Say which route it is."""
    context.route = route
    context.shadow = route.shadow
    if context.notes is not None:
        context.notes[-1].rule = route.rule
        context.explain(f"route {route.id}" if route.id else "no route, and unmatched requests are allowed")


def shadowed(context: Context, outcome: Outcome) -> None:
    """Note what would have been answered; the first refusal is the one that would have been seen."""
    if isinstance(outcome, Deny | Unavailable):
        context.would = context.would or outcome
        if context.notes is not None:
            note_end(context, outcome)


def note_end(context: Context, outcome: Deny | Unavailable | Reply) -> None:
    """Note what the running step answered, and why."""
    if context.notes:
        context.notes[-1].outcome = type(outcome).__name__.lower()
        if isinstance(outcome, Deny | Unavailable):
            context.explain(outcome.problem.why or outcome.problem.title)
