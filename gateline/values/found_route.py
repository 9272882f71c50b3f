"""The route of a request, for those who tell of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class FoundRoute:
    """Told apart from others by its `id`. `encoded` is the adapter's, `tally` the observer's.

    What both need of a route lies in one object, since each that one of ten thousand routes leads to must be fetched
    into the processor's cache.
    """

    id: str
    encoded: bytes | None = field(default=None, init=False, repr=False)
    tally: Any = field(default=None, init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FoundRoute) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)


NO_ROUTE = FoundRoute("")
