"""A bound on work that nobody should ask for often: it grows with time and with useful work, up to a burst."""

from __future__ import annotations


class Allowance:
    """Tokens; `earned` at each spending is a count that only grows, such as the calls served so far."""

    __slots__ = ("_burst", "_earned", "_tokens")

    def __init__(self, burst: int) -> None:
        self._burst = burst
        self._tokens = float(burst)
        self._earned = 0

    def spend(self, earned: int, cost: float = 1) -> bool:
        """Take `cost` tokens; False when there are too few."""
        self._tokens = min(self._burst, self._tokens + earned - self._earned) - cost
        self._earned = earned
        return self._tokens >= 0

    def refill(self, tokens: float) -> None:
        """Add what the passing time grants."""
        self._tokens = min(self._burst, self._tokens + tokens)
