"""A limit's fields as bytes are those that its headers would give."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from ext_authz.encode import OVERWRITE, header_options
from ext_authz.limit_fields import MOST_CHARACTERS, limit_fields
from gateline.limit.headers import limit_headers
from gateline.values.limit import Limits, Standing

POLICIES = st.sampled_from(["a", "global", "p" * MOST_CHARACTERS, "p" * (MOST_CHARACTERS + 1), "p" * 300, "é", "%s"])
RESETS = st.floats(0, 1e10)
COUNTS = st.integers(0, 10**9)
STANDINGS = st.builds(Standing, POLICIES, st.integers(1, 10**9), st.integers(0, 86_400), COUNTS, RESETS)
FORMS = st.sampled_from(["both", "draft", "legacy", "off"])
LARGEST = Standing("p" * MOST_CHARACTERS, 10**9, 86_400, 10**9, 1e10)


@given(st.lists(STANDINGS, min_size=1, max_size=3).map(tuple), st.floats(0, 1e10), FORMS)
@example((LARGEST,), 1e10, "both")
def test_the_fields_are_those_of_the_headers(standings, now, form):
    expected = header_options(6, limit_headers(standings, now, form), OVERWRITE)
    for _ in range(2):  # the second time from the memo
        assert limit_fields(Limits(standings, now, form)) == expected
