"""A pytest plugin: names of tests that are found again, and laws that are quick. mutmut names tests by their ids, and
pytest escapes what is not plain ASCII in them, and then does not know them.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

from hypothesis import Phase, settings


def pytest_configure() -> None:
    """A fifth of a law's examples, the same ones for every mutant; one that fails is enough, however large."""
    quick = settings(
        settings.get_profile("shared machines"),
        max_examples=20,
        phases=(Phase.explicit, Phase.generate),
        derandomize=True,
        database=None,
    )
    settings.register_profile("mutants", quick)
    settings.load_profile("mutants")


def pytest_make_parametrize_id(val: object) -> str:
    """The value with nothing in it that would be escaped, nor an address; pytest numbers those that come out alike."""
    return re.sub(r"[^A-Za-z0-9 _.,=-]", "_", str(getattr(val, "__name__", val)))[:60] or "empty"


def pytest_runtest_setup() -> None:
    """mutmut forks from a process that has run the tests: what that one remembered would hide every change."""
    for remembering in _caches():
        remembering.cache_clear()


@cache
def _caches() -> list[Any]:
    """Every function of ours with a cache, in the modules that the tests have loaded."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("gateline.")]
    return [value for module in modules for value in vars(module).values() if hasattr(value, "cache_clear")]
