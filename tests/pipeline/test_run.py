"""Entering a route, shadow, edits, notes."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.context import Context
from gateline.pipeline.run import Pipeline
from gateline.pipeline.step import Step
from gateline.values.decision import Allow, Deny, RequestEdits, Unavailable, deny
from gateline.values.found_route import FoundRoute
from gateline.values.identity import MAX_MEMOS, Identity
from tests.pipeline.policies import request, snapshot

REFUSES = Step("refuses", lambda _: deny("forbidden", "on principle"))
ALICE = Identity("alice", "test")


def knows(identity: Identity) -> Step:
    def run(context: Context) -> None:
        context.identity = identity

    return Step("knows", run)


def contexts(steps: list[Step], *asked: Any, **policy: Any) -> list[Context]:
    seen: list[Context] = []
    pipeline = Pipeline(snapshot(steps, **policy), seen.append)
    for one in asked or (request(),):
        pipeline.decide(one, explain=True)
    return seen


def test_a_named_route_is_taken_without_a_match() -> None:
    (context,) = contexts([], request("/elsewhere", route="r"))
    assert isinstance(context.decision, Allow)
    assert context.route.id == "r"


def test_a_name_that_the_policy_lacks_is_unavailable() -> None:
    (context,) = contexts([], request("/r", route="gone"))
    assert isinstance(context.decision, Unavailable)
    assert context.decision.problem.code == "unknown_route"
    assert context.step == "route"


@pytest.mark.parametrize("name", [None, "r"])
def test_a_path_that_is_not_normal_is_refused_whoever_chose_the_route(name: str | None) -> None:
    (context,) = contexts([], request("/r/../x", route=name))
    assert isinstance(context.decision, Deny)
    assert context.decision.problem.code == "path_not_normal"
    assert context.step == "sanitise"


def test_what_matches_no_route_is_denied_or_allowed_as_the_policy_says() -> None:
    (denied,) = contexts([], request("/x"))
    assert isinstance(denied.decision, Deny)
    assert denied.decision.problem.code == "no_route"
    (allowed,) = contexts([], request("/x", ("x-user-id", "root")), unmatched=True)
    assert isinstance(allowed.decision, Allow)
    assert allowed.decision.request_edits.remove == ("x-user-id",)


def test_shadow_answers_a_bare_allow_and_says_what_it_would_have_answered() -> None:
    (context,) = contexts([knows(ALICE), REFUSES], request("/r", ("x-user-id", "root")), shadow=True)
    assert context.decision == Allow(metadata=FoundRoute("r"))
    assert context.would == deny("forbidden", "on principle")


def test_shadow_that_would_allow_edits_nothing_either() -> None:
    (context,) = contexts([knows(ALICE)], shadow=True)
    assert context.decision == Allow(metadata=FoundRoute("r"))
    assert context.would is None


def test_shadow_answers_a_fault_with_an_allow_too() -> None:
    def fails(_: Context) -> None:
        raise RuntimeError

    (context,) = contexts([Step("fails", fails)], shadow=True)
    assert isinstance(context.decision, Allow)
    assert isinstance(context.would, Unavailable)


def test_a_shadowed_step_is_noted_and_skipped_alone() -> None:
    shadowed = Step("refuses", REFUSES.run, shadow=True)
    (context,) = contexts([shadowed, knows(ALICE)])
    assert context.would == deny("forbidden", "on principle")
    assert isinstance(context.decision, Allow)
    assert context.decision.request_edits.set == (("x-user-id", "alice"),)
    (context,) = contexts([shadowed, Step("again", lambda _: deny("rate_limited"))])
    assert context.decision == deny("rate_limited")


def test_the_first_refusal_in_shadow_is_the_one_that_would_have_been_seen() -> None:
    later = Step("later", lambda _: deny("rate_limited"), shadow=True)
    (context,) = contexts([Step("refuses", REFUSES.run, shadow=True), later])
    assert context.would == deny("forbidden", "on principle")


def test_what_is_set_is_not_removed_since_removals_run_last() -> None:
    (context,) = contexts([knows(ALICE)], request("/r", ("X-User-Id", "root"), ("x_user_id", "root")))
    assert context.decision is not None
    assert context.decision == Allow(
        ALICE, RequestEdits((("x-user-id", "alice"),), ("x_user_id",)), (), None, FoundRoute("r")
    )


def test_the_same_identity_gets_the_same_edits_and_another_gets_its_own() -> None:
    pipeline = Pipeline(snapshot([knows(ALICE)]))
    first, second = pipeline.decide(request(route="r")), pipeline.decide(request(route="r"))
    assert first is second
    other = Pipeline(snapshot([knows(Identity("bob", "test"))])).decide(request())
    assert isinstance(other, Allow)
    assert other.request_edits.set == (("x-user-id", "bob"),)


def test_a_memo_of_one_request_never_carries_its_own_headers_into_another() -> None:
    def step(context: Context) -> None:
        context.identity = ALICE
        if context.request.headers.first("x-mark"):
            context.response_headers += (("x-left", "1"),)
            context.set_headers += (("x-mine", "1"),)

    pipeline = Pipeline(snapshot([Step("s", step)]))
    marked = pipeline.decide(request("/r", ("x-mark", "1")))
    bare = pipeline.decide(request())
    assert isinstance(marked, Allow)
    assert isinstance(bare, Allow)
    assert marked.response_headers == (("x-left", "1"),)
    assert (bare.response_headers, bare.request_edits.set) == ((), (("x-user-id", "alice"),))


def test_response_headers_alone_keep_the_edits_of_the_memo() -> None:
    def step(context: Context) -> None:
        context.identity = ALICE
        context.response_headers += (("x-left", "1"),)

    pipeline = Pipeline(snapshot([Step("s", step)]))
    first, second = pipeline.decide(request()), pipeline.decide(request())
    assert isinstance(first, Allow)
    assert isinstance(second, Allow)
    assert first.request_edits is second.request_edits
    assert first.response_headers == second.response_headers == (("x-left", "1"),)
    assert first.identity is ALICE


def test_memos_of_an_identity_are_bounded() -> None:
    identity = Identity("carol", "test")
    for _ in range(MAX_MEMOS + 10):
        Pipeline(snapshot([knows(identity)])).decide(request())
    assert len(identity.memo) <= MAX_MEMOS


def test_notes_tell_each_step_its_outcome_and_its_rule() -> None:
    (context,) = contexts([knows(ALICE), REFUSES])
    assert context.notes is not None
    assert [(note.step, note.outcome, note.why, note.rule) for note in context.notes] == [
        ("sanitise", "pass", "", ""),
        ("route", "pass", "route r", ""),
        ("knows", "pass", "", "file:1"),
        ("refuses", "deny", "on principle", "file:2"),
    ]


def test_without_explain_nothing_is_noted() -> None:
    seen: list[Context] = []
    Pipeline(snapshot([REFUSES]), seen.append).decide(request())
    assert seen[0].notes is None


def test_an_identity_that_no_header_can_carry_is_refused_each_time() -> None:
    for _ in range(2):
        (context,) = contexts([knows(Identity("a\r\nx-admin: 1", "test"))])
        assert isinstance(context.decision, Deny)
        assert context.decision.problem.code == "forbidden"


def test_a_proxy_is_told_the_route_unless_it_named_it() -> None:
    seen = contexts([knows(ALICE)], *(request("/r", route=name) for name in (None, "r", None)))
    assert [c.decision.metadata for c in seen if isinstance(c.decision, Allow)] == [
        FoundRoute("r"),
        None,
        FoundRoute("r"),
    ]
    (shadowed_,) = contexts([REFUSES], request("/r", route="r"), shadow=True)
    assert shadowed_.decision == Allow()
