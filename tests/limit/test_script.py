"""The script of the store holds every algorithm, under its tag."""

from __future__ import annotations

import pytest

from gateline.effects import Charge
from gateline.limit.catalogue import catalogue
from gateline.limit.verdict import Verdict
from tests.limit.lua_store import LuaStore

# Two of five; the clock stands 20 seconds behind a minute, 35,200 before midnight.
VERDICTS = {
    "calendar_window": ((5, 0), Verdict(True, 3, 0, 35_200_000_000)),
    "fixed_window": ((5, 60), Verdict(True, 3, 0, 40_000_000)),
    "sliding_window_counter": ((5, 60), Verdict(True, 3, 0, 100_000_000)),
    "sliding_window_log": ((5, 60), Verdict(True, 3, 0, 60_000_000)),
    "token_bucket": ((5, 60), Verdict(True, 3, 0, 2_000_000)),
}


@pytest.mark.parametrize("tag", sorted(catalogue()))
def test_it_charges_by_each_of_them(tag: str) -> None:
    """On a store that nobody has asked before."""
    figures, verdict = VERDICTS[tag]
    store = LuaStore()
    store.clear()
    assert store.charge((Charge("b", tag, figures, 2),)) == [verdict]
