"""Identity headers are ours: what a client sends under their names, in any spelling, never goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from gateline.values.headers import Pair, is_field_value
from gateline.values.identity import Identity, claim_of
from gateline.values.request import MAX_MEMOS, Request

FIELDS = ("user_id", "scopes", "method", "credential_id", "tenant", "roles", "groups", "tier")


def spellings(name: str) -> list[str]:
    """Every way to write a name with `_` for `-` (many servers read both alike): `x-a` gives `x-a` and `x_a`."""
    parts = name.lower().replace("_", "-").split("-")
    return [
        "".join(piece for pair in zip(parts, (*joins, ""), strict=True) for piece in pair)
        for joins in product("-_", repeat=len(parts) - 1)
    ]


class IdentityHeaders:
    """The identity headers of a policy: finds the client's own, and writes ours."""

    __slots__ = ("_spellings", "names")

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names`: field of `Identity` → header name."""
        self.names = {field: name.lower() for field, name in names.items()}
        self._spellings = frozenset(spelling for name in self.names.values() for spelling in spellings(name))

    def sent_by_client(self, request: Request) -> tuple[str, ...]:
        """The names, as they were sent, under which the client tried to give an identity."""
        known: tuple[str, ...] | None = request.memo.get(self)
        if known is not None:
            return known
        names = request.headers.names()
        found = () if self._spellings.isdisjoint(names) else tuple(name for name in names if name in self._spellings)
        if len(request.memo) >= MAX_MEMOS:
            request.memo.clear()
        request.memo[self] = found
        return found

    def of(self, identity: Identity | None) -> Sequence[Pair] | None:
        """The headers that tell the upstream who it is; None where a value of the identity can't travel in one.

        To leave that one out would forward a request whose upstream takes it for somebody else's, or nobody's.
        """
        if identity is None:
            return ()
        pairs = [(name, _text(value_of(identity, field))) for field, name in self.names.items()]
        return [pair for pair in pairs if pair[1]] if all(is_field_value(text) for _, text in pairs) else None


def value_of(identity: Identity, field: str) -> Any:
    """A field of the identity, or a claim (`claims.NAME`)."""
    if field.startswith("claims."):
        return claim_of(identity.claims, field.removeprefix("claims."))
    return getattr(identity, field)


def _text(value: Any) -> str:
    """Texts as they are, lists with spaces between; whatever else JSON has, as JSON has it."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return json.dumps(value, separators=(",", ":"))
