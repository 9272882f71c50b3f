"""Who goes where: the whole is a line of fixed points, each target has a stretch of it, each user stands on one point.

A user's point follows from a hash of name and salt alone and never moves, so that a target whose stretch grows at the
cost of its neighbour only gains users: nobody who has seen the canary falls back when it grows.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

POINTS = 10_000
# Coprime to POINTS and near its golden section: successive points are spread evenly, and each comes once a round.
_STRIDE = 6_181


class Shares:
    """Targets in order, each with its stretch of the points."""

    __slots__ = ("_ends", "targets")

    def __init__(self, weights: Sequence[tuple[str, int]]) -> None:
        self.targets = tuple(name for name, _ in weights)
        total = sum(weight for _, weight in weights)
        self._ends = [round(end * POINTS / total) for end in accumulate(weight for _, weight in weights)]

    @property
    def points(self) -> tuple[tuple[str, int], ...]:
        """Each target with how many of the `POINTS` it has."""
        return tuple(zip(self.targets, (end - start for start, end in pairwise((0, *self._ends))), strict=True))

    def at(self, point: int) -> str:
        """The target that holds a point."""
        return self.targets[bisect_right(self._ends, point)]


def point_of(subject: str, salt: str) -> int:
    """The point on which a subject stands."""
    digest = hashlib.blake2b(f"{salt}\0{subject}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest) % POINTS


class Turns:
    """Points for requests that nothing ties to a target: in turn, so that every stretch gets its exact share."""

    __slots__ = ("_point",)

    def __init__(self, salt: str) -> None:
        self._point = point_of("", salt)

    def next(self) -> int:
        """The next point."""
        self._point = (self._point + _STRIDE) % POINTS
        return self._point
