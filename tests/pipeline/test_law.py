"""The law: whatever a step or the world does, only a walk through every step ends in an allow."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateline.context import Context
from gateline.effects import InPool
from gateline.pipeline.run import Pending, Pipeline
from gateline.pipeline.step import Step
from gateline.runtime.drive import drive, drive_now
from gateline.values.decision import Allow, Decision, Deny, Reply, Unavailable, deny, unavailable
from gateline.values.errors import UnavailableError
from tests.pipeline.policies import request, snapshot

EFFECT = InPool(lambda: None, 1.0)


def plain(result: Any) -> Callable[[Context], Any]:
    def run(_: Context) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return run


def asking(result: Any, *, effects: Any = EFFECT, catches: bool = False) -> Callable[[Context], Any]:
    def run(_: Context) -> Generator[Any, Any, Any]:
        try:
            answer = yield effects
            for failed in answer if isinstance(answer, tuple) else ():
                if isinstance(failed, UnavailableError):
                    raise failed
        except UnavailableError:
            if not catches:
                raise
        if isinstance(result, Exception):
            raise result
        return result

    return run


# What a step does → whether a walk may go on behind it when the world answers.
STEPS = st.sampled_from(
    [
        ("passes", plain(None), True),
        ("asks and passes", asking(None), True),
        ("asks twice at once and passes", asking(None, effects=(EFFECT, EFFECT)), True),
        ("denies", plain(deny("forbidden")), False),
        ("is unavailable", plain(unavailable("dependency_unavailable", "x")), False),
        ("replies", plain(Reply(200, (), b"")), False),
        ("raises", plain(RuntimeError("boom")), False),
        ("returns True", plain(True), False),
        ("returns an Allow", plain(Allow()), False),
        ("asks and denies", asking(deny("forbidden")), False),
        ("asks and raises", asking(KeyError("boom")), False),
        ("asks and returns an Allow", asking(Allow()), False),
        ("asks for nonsense", asking(None, effects="nonsense"), False),
    ]
)


class Scripted:
    """A world that does one thing."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.waiting: list[Callable[[Any], None]] = []

    def perform(self, effect: Any, deadline_s: float, done: Callable[[Any], None]) -> None:
        if not isinstance(effect, InPool):
            raise TypeError(effect)
        if self.way == "answers":
            done("answer")
        elif self.way == "answers twice":
            done("answer")
            done("again")
        elif self.way == "fails":
            done(UnavailableError("world"))
        elif self.way == "raises":
            raise OSError("world")
        else:
            self.waiting.append(done)


@given(st.lists(STEPS, max_size=5), st.sampled_from(["answers", "answers twice", "fails", "raises", "answers late"]))
def test_only_a_walk_through_every_step_allows(steps: list[tuple[str, Any, bool]], way: str) -> None:
    pipeline = Pipeline(snapshot([Step(name, run) for name, run, _ in steps]))
    world, late = Scripted(way), []
    decision = drive(pipeline.decide(request()), world, 0.0, late.append)
    while world.waiting:
        world.waiting.pop(0)("answer")
    if decision is None:
        (decision,) = late
    else:
        assert late == []
    every = all(goes_on for _, _, goes_on in steps)
    answered = way.startswith("answers") or not any(name.startswith("asks") for name, _, _ in steps)
    assert isinstance(decision, Allow) == (every and answered), (decision, steps)


@given(st.lists(STEPS, max_size=4), st.booleans())
def test_the_waiting_driver_obeys_too(steps: list[tuple[str, Any, bool]], fails: bool) -> None:
    def perform(effect: Any) -> Any:
        if fails or not isinstance(effect, InPool):
            raise UnavailableError("world")
        return "answer"

    decision = drive_now(Pipeline(snapshot([Step(n, run) for n, run, _ in steps])).decide(request()), perform)
    asks = any(name.startswith("asks") for name, _, _ in steps)
    every = all(goes_on for _, _, goes_on in steps)
    assert isinstance(decision, Allow) <= every
    if every and asks and fails:
        assert isinstance(decision, Unavailable)


def test_a_failure_in_a_tuple_is_a_value_and_the_step_decides() -> None:
    seen: list[Any] = []

    def run(_: Context) -> Generator[Any, Any, Any]:
        seen.extend((yield (EFFECT, EFFECT)))
        return deny("forbidden")

    drive(Pipeline(snapshot([Step("s", run)])).decide(request()), Scripted("fails"), 0.0, seen.append)
    assert [type(answer) for answer in seen] == [UnavailableError, UnavailableError]


def test_a_step_may_catch_a_failure_and_pass() -> None:
    pipeline = Pipeline(snapshot([Step("s", asking(None, catches=True))]))
    assert isinstance(drive(pipeline.decide(request()), Scripted("fails"), 0.0, lambda _: None), Allow)


def test_giving_up_is_unavailable_and_closes_the_step() -> None:
    closed: list[bool] = []

    def run(_: Context) -> Generator[Any, Any, Any]:
        try:
            yield EFFECT
        finally:
            closed.append(True)

    pending = Pipeline(snapshot([Step("s", run)])).decide(request())
    assert isinstance(pending, Pending)
    decision = pending.give_up("time is over")
    assert isinstance(decision, Unavailable)
    assert decision.problem.code == "dependency_unavailable"
    assert closed == [True]


def test_an_observer_that_raises_is_no_allow() -> None:
    def observe(_: Context) -> None:
        raise OSError("disk full")

    decision = Pipeline(snapshot([]), observe).decide(request())
    assert isinstance(decision, Unavailable)
    assert decision.problem.code == "internal_error"


def test_the_observer_sees_each_decision_once_with_the_step_that_made_it() -> None:
    seen: list[tuple[str, str, Decision | None]] = []
    pipeline = Pipeline(
        snapshot([Step("one", plain(None)), Step("two", plain(deny("forbidden")))]),
        lambda context: seen.append((context.route.id, context.step, context.decision)),
    )
    decision = pipeline.decide(request())
    assert seen == [("r", "two", decision)]
    assert isinstance(decision, Deny)


def test_a_fault_names_its_place_and_quotes_nothing() -> None:
    secret = "token-of-alice"
    decision = Pipeline(snapshot([Step("s", plain(ValueError(secret)))])).decide(request())
    assert isinstance(decision, Unavailable)
    assert decision.problem.why.startswith("ValueError in tests.pipeline.test_law:")
    assert secret not in repr(decision)
