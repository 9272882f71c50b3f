"""Steps that wait for the world: what they are answered, how they end, and where the walk goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from gateline.context import Context
from gateline.effects import InPool
from gateline.pipeline.run import Pending, Pipeline
from gateline.pipeline.step import Step
from gateline.runtime.drive import drive_now
from gateline.values.decision import Allow, Reply, Unavailable, deny, unavailable
from gateline.values.errors import UnavailableError
from gateline.values.found_route import FoundRoute
from tests.pipeline.policies import request, snapshot

ONE, OTHER = InPool(lambda: None, 1.0), InPool(lambda: None, 2.0)
REFUSED = deny("forbidden", "on principle")
AWAY = UnavailableError("store", "is away")


def asks(outcome: Any, *effects: Any, told: list[Any] | None = None) -> Callable[[Context], Any]:
    """A step that yields each effect, notes what it is answered, and ends with the outcome."""

    def run(_: Context) -> Generator[Any, Any, Any]:
        for effect in effects or (ONE,):
            answer = yield effect
            if told is not None:
                told.append(answer)
        return outcome

    return run


def begun(*steps: Step, **policy: Any) -> tuple[Pending, list[Context]]:
    """A decision that waits, and where its context will be."""
    seen: list[Context] = []
    pending = Pipeline(snapshot(steps, **policy), seen.append).decide(request(), explain=True)
    assert isinstance(pending, Pending)
    return pending, seen


def test_a_step_is_sent_one_answer_bare_and_several_as_they_were_asked() -> None:
    """Until a decision comes, each answer gives the effects that are asked for next."""
    told: list[Any] = []
    pending, _ = begun(Step("asks", asks(None, ONE, (ONE, OTHER), OTHER, told=told)))
    assert list(pending.effects) == [ONE]
    assert pending.resume(("a",)) is pending
    assert list(pending.effects) == [ONE, OTHER]
    assert pending.resume(("b", AWAY)) is pending
    assert list(pending.effects) == [OTHER]
    assert isinstance(pending.resume(("c",)), Allow)
    assert told == ["a", ("b", AWAY), "c"]


def test_a_failure_that_no_step_takes_is_503_and_says_what_is_away() -> None:
    """The failure of a single effect is raised in the step that asked."""
    pending, seen = begun(Step("asks", asks(None)))
    assert pending.resume((AWAY,)) == unavailable("dependency_unavailable", "store: is away")
    assert [(note.step, note.outcome, note.why) for note in (seen[0].notes or [])][2:] == [
        ("asks", "unavailable", "store: is away")
    ]


def test_giving_up_says_why_and_is_observed() -> None:
    """The check's own time is over: an answer all the same, and a client may come again."""
    pending, seen = begun(Step("asks", asks(None)))
    decision = pending.give_up("time is over")
    assert decision == Unavailable(
        unavailable("dependency_unavailable", "time is over").problem, (("retry-after", "1"),)
    )
    assert [context.decision for context in seen] == [decision]


def test_a_decision_may_take_as_long_as_its_route_says() -> None:
    """A driver reads it before it waits."""
    pending, _ = begun(Step("asks", asks(None)))
    assert pending.check_s == 0.15


@pytest.mark.parametrize(
    ("outcome", "answered"),
    [
        (REFUSED, REFUSED),
        (Reply(200, (), b"x"), Reply(200, (), b"x")),
        (True, unavailable("internal_error", "a step returned bool, which is no outcome")),
        (Allow(), unavailable("internal_error", "a step returned Allow, which is no outcome")),
    ],
    ids=["deny", "reply", "true", "allow"],
)
@pytest.mark.parametrize("asking", [True, False], ids=["asking", "at once"])
def test_a_step_ends_the_walk_with_what_it_returns(outcome: Any, answered: Any, asking: bool) -> None:
    """Nothing behind it runs; what is no outcome is a fault, an allow of its own above all."""
    ran: list[str] = []
    ends = Step("ends", asks(outcome) if asking else lambda _: outcome)
    behind = Step("behind", lambda _: ran.append("behind"))
    assert drive_now(Pipeline(snapshot([ends, behind])).decide(request()), lambda _: "answer") == answered
    assert ran == []


@pytest.mark.parametrize("last", [None, deny("rate_limited", "too many")], ids=["passes", "refuses"])
def test_a_step_in_shadow_that_asks_is_noted_and_the_next_one_runs(last: Any) -> None:
    """Each step behind it runs once, with its own note; the first refusal is the one that would have been seen."""
    steps = [
        Step("one", asks(REFUSED), shadow=True),
        Step("two", asks(None)),
        Step("three", asks(unavailable("dependency_unavailable", "away")), shadow=True),
        Step("four", asks(last)),
    ]
    seen: list[Context] = []
    decision = drive_now(Pipeline(snapshot(steps), seen.append).decide(request(), explain=True), lambda _: "answer")
    assert decision == (last or Allow(metadata=FoundRoute("r")))
    (context,) = seen
    assert context.would == REFUSED
    assert [(note.step, note.outcome, note.why, note.rule) for note in (context.notes or [])][2:] == [
        ("one", "deny", "on principle", "file:1"),
        ("two", "pass", "", "file:2"),
        ("three", "unavailable", "away", "file:3"),
        ("four", "deny", "too many", "file:4") if last else ("four", "pass", "", "file:4"),
    ]


@pytest.mark.parametrize(
    ("outcome", "would"),
    [(REFUSED, REFUSED), (None, None), (Reply(200, (), b"x"), None)],
    ids=["deny", "passes", "reply"],
)
def test_a_policy_in_shadow_answers_nothing_by_itself(outcome: Any, would: Any) -> None:
    """Neither refusals nor replies: the upstream sees every request, as it was."""
    pending, seen = begun(Step("asks", asks(outcome)), shadow=True)
    assert pending.resume(("answer",)) == Allow(metadata=FoundRoute("r"))
    assert seen[0].would == would


def test_a_refusal_without_a_reason_is_explained_by_its_title() -> None:
    """`explain` never says nothing about a refusal; a reply needs no reason."""
    for outcome, note in (
        (deny("forbidden"), ("deny", deny("forbidden").problem.title)),
        (Reply(200, (), b""), ("reply", "")),
    ):
        pending, seen = begun(Step("asks", asks(outcome)))
        pending.resume(("answer",))
        last = (seen[0].notes or [])[-1]
        assert (last.outcome, last.why) == note
