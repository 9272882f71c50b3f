"""Whose bucket a request charges, by which figures, and how the bucket is told."""

from __future__ import annotations

from typing import Any

import pytest

from gateline.context import Context
from gateline.effects import Charge
from gateline.limit.buckets import QuotaBuckets, RateBucket, own_figures
from gateline.limit.config import RateLimit, Tier
from gateline.limit.rule import Bucket, Rule
from gateline.values.headers import Headers
from gateline.values.identity import Figures, Identity
from gateline.values.request import Request

TIERS = {"free": Tier(requests_per_minute=30, burst=3, daily_quota=10, monthly_quota=100), "slow": Tier(burst=1)}
KEY = Figures(requests_per_minute=60, burst=6, daily_quota=20, monthly_quota=200)


def rule(**limit: Any) -> Rule:
    return Rule(RateLimit(**limit), "r", "ns", tiers=TIERS)


def context(identity: Identity | None = None) -> Context:
    made = Context(Request("GET", "/", "h", Headers(), "203.0.113.9", 0.0))
    made.client, made.identity = "203.0.113.9", identity
    return made


def of(tier: str | None = None, figures: Figures | None = None, method: str = "jwt") -> Identity:
    return Identity("u", method, tier=tier, figures=figures, credential_id="k")


@pytest.mark.parametrize(
    ("tier", "figures", "expected"),
    [
        (None, None, Figures()),
        ("unheard-of", None, Figures()),
        (None, KEY, KEY),
        ("free", None, Figures(30, 3, 10, 100)),
        ("free", KEY, KEY),
        ("free", Figures(requests_per_minute=1), Figures(1, 3, 10, 100)),
        ("free", Figures(burst=1), Figures(30, 1, 10, 100)),
        ("free", Figures(daily_quota=1), Figures(30, 3, 1, 100)),
        ("free", Figures(monthly_quota=1), Figures(30, 3, 10, 1)),
    ],
)
def test_each_figure_of_a_key_goes_before_its_tiers(
    tier: str | None, figures: Figures | None, expected: Figures
) -> None:
    """One by one: a key that has a burst alone has its tier's rate and quotas."""
    assert own_figures(of(tier, figures), TIERS) == expected


@pytest.mark.parametrize(
    ("limit", "identity", "subject"),
    [
        ({"key_by": "ip"}, of(), "ip:203.0.113.9"),
        ({"key_by": "ip"}, of(method="api_key"), "ip:203.0.113.9"),
        ({"key_by": "user_id"}, None, "ip:203.0.113.9"),
        ({"key_by": "user_id"}, of(method="api_key"), "user:u"),
        ({"key_by": "api_key"}, of(method="api_key"), "key:k"),
        ({"key_by": "api_key"}, of(), "ip:203.0.113.9"),
    ],
)
def test_a_rate_goes_by_what_its_rule_says_else_by_address(
    limit: dict[str, Any], identity: Identity | None, subject: str
) -> None:
    """By address where the rule says so, whoever it is, and where the request has not what the rule goes by."""
    (bucket,) = RateBucket(rule(**limit), personal=True)(context(identity))
    assert bucket.charge.key == f"gl:ns:{{{subject}}}:token_bucket:r"


@pytest.mark.parametrize(
    ("personal", "limit", "identity", "figures", "told"),
    [
        (True, {}, of("free"), (3, 30), (3, 6)),
        (True, {}, of(), (20, 100), (20, 12)),
        (False, {}, of("free"), (20, 100), (20, 12)),
        (True, {"key_by": "api_key"}, of("free"), (20, 100), (20, 12)),
        (True, {"cost": 4}, of("free"), (4, 30), (4, 8)),
        (True, {"cost": 3}, of("free", Figures(requests_per_minute=2)), (3, 2), (3, 90)),
        (True, {"cost": 2}, of("slow"), (2, 100), (2, 2)),
        (True, {"cost": 1}, of("slow"), (1, 100), (1, 1)),
        (True, {"algorithm": "sliding_window_log", "window_s": 30}, of("free"), (15, 30), (15, 30)),
        (
            True,
            {"algorithm": "sliding_window_counter", "window_s": 6, "cost": 9},
            of("free"),
            (9, 6),
            (9, 6),
        ),
    ],
)
def test_own_figures_count_for_a_personal_rule_and_have_room_for_one_request(
    personal: bool, limit: dict[str, Any], identity: Identity, figures: tuple[int, int], told: tuple[int, int]
) -> None:
    """A tier's burst may be smaller than a route's cost: it is then that cost, or nothing would ever pass."""
    made = rule(**{"key_by": "user_id", **limit})
    (bucket,) = RateBucket(made, personal=personal)(context(identity))
    assert (bucket.charge.figures, bucket.charge.cost) == (figures, made.limit.cost)
    assert (bucket.policy, bucket.limit, bucket.window_s, bucket.code) == ("r", *told, "rate_limited")


def test_quotas_are_those_that_the_identity_has() -> None:
    """Each alone or both; a month has no length that a header could tell, and a quota costs what the rule does."""
    made = rule(cost=2)

    def daily(quota: int) -> Bucket:
        charge = Charge("gl:ns:{user:u}:quota:day", "calendar_window", (quota, 0), 2)
        return Bucket(made, charge, "daily", quota, 86_400, "quota_exhausted")

    def monthly(quota: int) -> Bucket:
        charge = Charge("gl:ns:{user:u}:quota:month", "calendar_window", (quota, 1), 2)
        return Bucket(made, charge, "monthly", quota, 0, "quota_exhausted")

    buckets = QuotaBuckets(made)
    for identity, expected in (
        (None, []),
        (of(), []),
        (of("slow"), []),
        (of(figures=Figures(daily_quota=5)), [daily(5)]),
        (of(figures=Figures(monthly_quota=7)), [monthly(7)]),
        (of("free", Figures(monthly_quota=7)), [daily(10), monthly(7)]),
    ):
        assert buckets(context(identity)) == expected


def test_a_keys_quota_is_the_keys_and_counts_apart_in_shadow() -> None:
    """Two keys of one user have a quota each."""
    (bucket,) = QuotaBuckets(rule(mode="shadow"))(context(of(figures=Figures(daily_quota=5), method="api_key")))
    assert bucket.charge.key == "gl:ns:{key:k}:shadow:quota:day"
