"""A quota keeps its limit in each day or month of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.limit.algorithms import calendar_window
from gateline.limit.algorithms.calendar_window import DAY, MONTH
from tests.limit.laws import LAWS, SECOND_US, Bucket, run
from tests.limit.traces import Trace

long_steps = st.lists(st.tuples(st.integers(0, 10**12), st.integers(1, 3)))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * SECOND_US  # type: ignore[misc, arg-type]  # year, month, …


@LAWS
@given(st.integers(1, 5), st.sampled_from([DAY, MONTH]), long_steps)
def test_never_more_than_the_limit_in_a_day_or_month(limit: int, unit: int, trace: Trace) -> None:
    totals: dict[str, int] = {}
    for when_us, cost in run(calendar_window, (limit, unit), trace):
        name = datetime.fromtimestamp(when_us // SECOND_US, UTC).strftime("%Y-%m" if unit else "%Y-%m-%d")
        totals[name] = totals.get(name, 0) + cost
    assert all(total <= limit for total in totals.values())


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_calendar_is_that_of_datetime(moment: datetime) -> None:
    day = moment.toordinal() - EPOCH
    assert calendar_window.civil(day) == (moment.year, moment.month)
    assert calendar_window.days_until(moment.year, moment.month) == moment.replace(day=1).toordinal() - EPOCH


@pytest.mark.parametrize("year", [1970, 1999, 2000, 2023, 2024, 2100, 2104, 2399, 2400])
def test_each_month_begins_and_ends_where_it_does(year: int) -> None:
    """The first and last day of every month, in years of each kind of leap."""
    for month in range(1, 13):
        first = date(year, month, 1)
        after = first.replace(year=year + month // 12, month=month % 12 + 1)
        days = (first.toordinal() - EPOCH, after.toordinal() - EPOCH)
        for day in (days[0], days[1] - 1):
            assert date(*calendar_window.civil(day), 1) == first
            assert calendar_window.window_of(day, MONTH) == days


def test_a_leap_february_is_a_day_longer() -> None:
    for year, days in ((2027, 28), (2028, 29), (2100, 28), (2000, 29)):
        bucket = Bucket(calendar_window, 1, MONTH, now_us=at(year, 2, 1))
        assert bucket.take().reset_us == days * 86_400 * SECOND_US


def test_a_quota_comes_back_at_midnight_and_on_the_first() -> None:
    daily = Bucket(calendar_window, 1, DAY, now_us=at(2026, 11, 30, 23, 59, 59))
    monthly = Bucket(calendar_window, 1, MONTH, now_us=at(2026, 12, 31, 23, 59, 59))
    for bucket in (daily, monthly):
        assert bucket.take().allowed
        refused = bucket.take()
        assert (refused.allowed, refused.retry_us) == (False, 1_000_000)
        assert bucket.take(after_s=1).allowed


def test_a_refused_cost_leaves_what_was_left() -> None:
    bucket = Bucket(calendar_window, 5, DAY)
    bucket.take(3)
    assert bucket.take(3).remaining == 2
    assert bucket.take(2).allowed
    assert bucket.take(1).remaining == 0
