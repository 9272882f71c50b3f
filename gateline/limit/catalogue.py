"""The algorithms that there are: every module of `limit/algorithms`, by its tag."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import cast

from gateline.limit import algorithms
from gateline.limit.verdict import Algorithm, Selectable
from gateline.plugin_scan import modules_of


@cache
def catalogue() -> Mapping[str, Algorithm]:
    """Every algorithm by its tag."""
    return {module.__name__.rpartition(".")[2]: cast(Algorithm, module) for module in modules_of(algorithms)}


@cache
def selectable() -> Mapping[str, Selectable]:
    """Those that a `rate_limit` may name."""
    return {tag: cast(Selectable, found) for tag, found in catalogue().items() if hasattr(found, "figures_of")}
