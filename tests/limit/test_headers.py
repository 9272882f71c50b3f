"""The fields that tell a client of its limits, to the second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.limit.headers import limit_headers, retry_after
from gateline.values.limit import Standing


def test_each_policy_has_its_item_and_the_tightest_the_old_fields() -> None:
    standings = [Standing("global", 100, 10, 90, 1.0), Standing("monthly", 500, 0, 7, 90_000.5)]
    assert limit_headers(standings, 1000.0, "both") == [
        ("ratelimit-policy", '"global";q=100;w=10, "monthly";q=500'),
        ("ratelimit", '"global";r=90;t=1, "monthly";r=7;t=90001'),
        ("x-ratelimit-limit", "500"),
        ("x-ratelimit-remaining", "7"),
        ("x-ratelimit-reset", "91001"),
    ]


@pytest.mark.parametrize(
    ("standings", "tightest"),
    [
        ([Standing("a", 5, 5, 0, 3.0), Standing("b", 9, 9, 2, 7.0, refused=True)], 9),
        ([Standing("a", 5, 5, 0, 1.0, refused=True), Standing("b", 9, 9, 2, 7.0, refused=True)], 9),
        ([Standing("a", 5, 5, 2, 7.0, refused=True), Standing("b", 9, 9, 0, 1.0, refused=True)], 5),
        ([Standing("a", 5, 5, 1, 1.0), Standing("b", 9, 9, 2, 7.0)], 5),
        ([Standing("a", 5, 5, 2, 1.0), Standing("b", 9, 9, 2, 7.0)], 9),
        ([Standing("a", 5, 5, 2, 7.0), Standing("b", 9, 9, 2, 7.0)], 5),
    ],
)
def test_the_tightest_is_the_one_that_refuses_for_longest_else_the_one_with_the_least_left(
    standings: list[Standing], tightest: int
) -> None:
    """Of two that are alike the one that takes longer to be full again, then the first."""
    assert ("x-ratelimit-limit", str(tightest)) in limit_headers(standings, 0.0, "legacy")


@pytest.mark.parametrize(
    ("now", "reset_s", "told"),
    [(10.0, 0.0, "1"), (10.0, 0.4, "1"), (10.0, 1.1, "2"), (10.6, 0.3, "1"), (10.6, 0.5, "2")],
)
def test_retry_after_is_the_longest_of_those_that_refuse(now: float, reset_s: float, told: str) -> None:
    """In whole seconds of the clock, and one at least."""
    standings = [
        Standing("full", 1, 60, 0, 99.0),
        Standing("a", 1, 60, 0, reset_s, refused=True),
        Standing("b", 1, 60, 0, 0.0, refused=True),
    ]
    assert retry_after(standings, now) == ("retry-after", told)


def test_nothing_is_told_of_no_limit() -> None:
    assert limit_headers([], 0.0, "both") == []


@given(st.floats(0, 2e9), st.floats(0, 1e7))
def test_retry_after_is_never_before_any_reset(now: float, reset_s: float) -> None:
    standing = Standing("a", 1, 60, 0, reset_s, refused=True)
    fields = dict(limit_headers([standing], now, "both"))
    wait = int(retry_after([standing], now)[1])
    assert wait >= 1
    assert now + wait >= now + reset_s
    assert int(now) + wait >= int(fields["x-ratelimit-reset"])
    assert wait >= int(fields["ratelimit"].rpartition("t=")[2])
