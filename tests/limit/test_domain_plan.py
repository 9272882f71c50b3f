"""What one ShouldRateLimit call charges, how each descriptor is judged, and what the client is told."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.effects import Charge, Level, Take, TakeReply
from gateline.limit.domain_plan import MOST_HITS, Asked, Judged, Plan, plan_of
from gateline.limit.domain_rules import DomainRules
from gateline.limit.domain_tree import DomainLimit, DomainTree
from gateline.limit.headers import Form
from gateline.values.errors import UnavailableError
from tests.limit.test_domain_tree import limit, tree

TREE = tree(
    {"key": "k", "rate_limit": limit(5)},
    {"key": "hourly", "rate_limit": limit(9, "hour", name="by the hour")},
    {"key": "s", "shadow_mode": True, "rate_limit": limit(1)},
    {"key": "u", "rate_limit": {"unlimited": True}},
    {"key": "named", "rate_limit": limit(3, name="first")},
    {"key": "better", "rate_limit": limit(7, replaces=[{"name": "first"}])},
)
AWAY = UnavailableError("store", "is away")


def asked(name: str, **fields: Any) -> Asked:
    return Asked(((name, "v"),), **fields)


def plan(*names: str | Asked, found: DomainTree | None = TREE) -> Plan:
    return plan_of(found, [asked(name) if isinstance(name, str) else name for name in names], 0.25)


def charge(path: str, requests: int, window_s: int = 60, *, cost: int = 1) -> Charge:
    """A charge by what stands in its key behind the domain."""
    return Charge(f"gl:ns:{{domain:d}}:{path}", "fixed_window", (requests, window_s), cost)


K, HOURLY = charge("fixed_window:k=v:minute", 5), charge("fixed_window:hourly=v:hour", 9, 3600)
S, BETTER = charge("shadow:fixed_window:s=v:minute", 1), charge("fixed_window:better=v:minute", 7)
NAMED = charge("fixed_window:named=v:minute", 3)


@pytest.mark.parametrize(
    ("names", "takes", "places"),
    [
        (["k"], [[K]], [(0, 0)]),
        (["k", "hourly"], [[K, HOURLY]], [(0, 0), (0, 1)]),
        (["s", "k", "hourly"], [[K, HOURLY], [S]], [(1, 0), (0, 0), (0, 1)]),
        (["s"], [[S]], [(0, 0)]),
        (["u", "hourly", "unheard-of"], [[HOURLY]], [None, (0, 0), None]),
        (["u", "unheard-of"], [], [None, None]),
        (["named", "k"], [[NAMED, K]], [(0, 0), (0, 1)]),
        (["named", "better"], [[BETTER]], [None, (0, 0)]),
    ],
)
def test_a_call_is_one_charge_but_for_limits_in_shadow(
    names: list[str], takes: list[list[Charge]], places: list[tuple[int, int] | None]
) -> None:
    """Those travel by themselves, last; what is unlimited, not known or replaced is not charged at all."""
    made = plan(*names)
    assert made.takes == tuple(Take(tuple(charges), 0.25) for charges in takes)
    assert made.places == tuple(places)


def test_hits_are_added_up_where_descriptors_share_a_bucket() -> None:
    """Up to 2^32; no hits at all are a look."""
    for hits, cost in (
        ((0,), 0),
        ((3,), 3),
        ((3, 4), 7),
        ((3, 4, 5), 12),
        ((MOST_HITS, 1), 2**32),
        ((2**32 - 1,), 2**32 - 1),
    ):
        made = plan(*(asked("k", hits=each) for each in hits))
        assert made.takes == (Take((charge("fixed_window:k=v:minute", 5, cost=cost),), 0.25),)
        assert made.places == ((0, 0),) * len(hits)


def test_a_domain_that_is_not_known_limits_nothing_not_even_as_a_proxy_states() -> None:
    """A limit that the proxy states holds in a domain that is ours, before the descriptor's own."""
    stated = asked("k", hits=2, override=(8, "hour"))
    assert plan("k", stated, found=None) == Plan((), (None, None), (None, None), ("k", "k"))
    made = plan(stated)
    assert made.takes == (Take((charge("fixed_window:k=v:hour:8", 8, 3600, cost=2),), 0.25),)
    assert plan(asked("unheard-of", override=(8, "hour"))).limits[0] is not None


def test_a_policy_is_called_by_its_name_else_by_its_keys() -> None:
    """Values stay inside; what is not plain is a digest, since the name goes into a header."""
    made = plan(Asked((("k", "v"), ("j", "secret"))), "named", "hourly", "a b")
    assert made.policies[:2] == ("k.j", "first")
    assert all(policy.startswith("~") for policy in made.policies[2:])


def level(remaining: int, *, retry_s: float = 0.0, reset_s: float = 30.0) -> Level:
    return Level(not retry_s, remaining, retry_s, reset_s)


FULL, LEFT = level(0, retry_s=20.0), level(4)


@pytest.mark.parametrize(
    ("names", "replies", "levels", "over"),
    [
        (["k"], [TakeReply((LEFT,))], [LEFT], [False]),
        (["k"], [TakeReply((FULL,))], [FULL], [True]),
        (
            ["hourly", "u", "k", "s"],
            [TakeReply((LEFT, FULL)), AWAY],
            [LEFT, None, FULL, None],
            [False, False, True, False],
        ),
        (["s", "k"], [TakeReply((LEFT,)), TakeReply((FULL,))], [FULL, LEFT], [False, False]),
        (["s", "k"], [TakeReply((FULL,)), TakeReply((LEFT,))], [LEFT, FULL], [False, True]),
        (["s", "u", "s"], [AWAY], [None, None, None], [False, False, False]),
        (["unheard-of", "k"], [TakeReply((FULL,))], [None, FULL], [False, True]),
        (["named", "better"], [TakeReply((FULL,))], [None, FULL], [False, True]),
    ],
)
def test_each_descriptor_has_the_level_of_its_bucket(
    names: list[str], replies: list[TakeReply | UnavailableError], levels: list[Level | None], over: list[bool]
) -> None:
    """A limit in shadow is never over, and does without its store."""
    made = plan(*names)
    assert made.judge(replies) == tuple(map(Judged, made.limits, levels, over))


def test_without_its_store_a_call_is_not_judged() -> None:
    """Whatever became of the limits in shadow."""
    with pytest.raises(UnavailableError, match="store: is away") as caught:
        plan("s", "k").judge([AWAY, TakeReply((LEFT,))])
    assert caught.value is AWAY


def told(names: list[str], levels: list[Level], form: Form = "both", *, shadow: bool = False) -> list[tuple[str, str]]:
    rules = DomainRules({"d": TREE}, form, 0.25, shadow)
    made = rules.plan("d", [asked(name) for name in names])
    judged = made.judge([TakeReply(tuple(levels[place] for place in range(len(take.charges)))) for take in made.takes])
    return rules.headers(made, judged, 1000.0)


def test_a_client_is_told_of_every_limit_whose_level_is_known() -> None:
    """Until when it is over, where it is; not of limits in shadow, nor of one that this process does not know (-1)."""
    assert told(["k", "better", "s"], [LEFT, level(2, reset_s=7.5)]) == [
        ("ratelimit-policy", '"k";q=5;w=60, "better";q=7;w=60'),
        ("ratelimit", '"k";r=4;t=30, "better";r=2;t=8'),
        ("x-ratelimit-limit", "7"),
        ("x-ratelimit-remaining", "2"),
        ("x-ratelimit-reset", "1008"),
    ]
    assert told(["k", "better"], [FULL, LEFT], "legacy") == [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1020"),
        ("retry-after", "20"),
    ]
    assert told(["better", "k"], [level(0), FULL], "off") == [("retry-after", "20")]
    assert told(["k", "better", "named"], [level(-1), FULL, level(-1)], "draft")[0] == (
        "ratelimit-policy",
        '"better";q=7;w=60',
    )
    assert ("retry-after", "20") in told(["k", "better", "named"], [level(-1), FULL, LEFT])
    assert told(["u", "s", "unheard-of"], [FULL]) == []
    assert told(["k", "better"], [level(0, reset_s=5.0), level(1)], "draft")[1] == (
        "ratelimit",
        '"k";r=0;t=5, "better";r=1;t=30',
    )


def test_a_gateway_in_shadow_tells_nothing() -> None:
    """Neither what is left nor when to come again."""
    assert told(["k"], [FULL], shadow=True) == []


def test_the_rules_ask_their_domain_within_the_stores_budget() -> None:
    """Those of another domain are none of a call's."""
    rules = DomainRules({"d": TREE, "e": tree()}, within_s=0.5)
    assert rules.plan("d", [asked("k")]).takes == (Take((K,), 0.5),)
    assert rules.plan("e", [asked("k")]).takes == rules.plan("unknown", [asked("k")]).takes == ()
    assert rules.plan("d", [asked("k")]).limits == (DomainLimit(5, "minute", K.key),)
