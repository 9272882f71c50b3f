"""Routes that ask the same have the same step, so that thousands of them stay in a processor's caches."""

from __future__ import annotations

from functools import lru_cache

# Of what routes ask, by step. Nothing of a policy is kept by it but the rule itself.
made_once = lru_cache(maxsize=1024)
