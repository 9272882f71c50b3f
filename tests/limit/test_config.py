"""A `rate_limit` that can't be had is refused when it is loaded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateline.limit.config import RateLimit


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cost": 21}, "never fits a limit of 20"),
        ({"algorithm": "sliding_window_log", "cost": 101}, "never fits a limit of 100"),
        ({"window_s": 10}, "a token bucket has no window"),
        ({"algorithm": "sliding_window_counter", "burst": 5}, "has no burst"),
        ({"algorithm": "sliding_window_log", "requests_per_minute": 7, "window_s": 10}, "not a whole number"),
        ({"algorithm": "sliding_window_log", "requests_per_minute": 20_000}, "at most 10000"),
        ({"algorithm": "fixed_window"}, "token_bucket"),
        ({"requests_per_minute": 0}, "greater than or equal to 1"),
        ({"key_by": "cookie"}, "ip"),
        ({"on_failure": "open"}, "deny"),
    ],
)
def test_what_does_not_fit_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RateLimit(**fields)


def test_the_defaults_are_those_of_the_reference() -> None:
    limit = RateLimit()
    assert (limit.enabled, limit.requests_per_minute, limit.burst, limit.key_by) == (True, 100, 20, "ip")
    assert limit.figures() == (20, 100)


def test_a_figure_of_a_key_or_tier_goes_before_the_rules() -> None:
    assert RateLimit(burst=7).figures(60, None) == (7, 60)
    assert RateLimit(algorithm="sliding_window_counter", window_s=30).figures(60, 5) == (30, 30)
    # A tier's rate need not be whole in a route's window: rounded down, and never to nothing.
    assert RateLimit(algorithm="sliding_window_log", requests_per_minute=60, window_s=1).figures(7, None) == (1, 1)
