"""Stable ids and the tag of what we compile, so that a file compiled twice is the same file."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

TAG: Final = "gateline"
_NAMESPACE: Final = UUID("6d0c2b6e-0f2c-5b0e-9a53-6f1d2f9f7c11")


def id_of(kind: str, name: str) -> str:
    """The UUID of an entity: the same for the same kind and name (RFC 9562 §5.5)."""
    return str(uuid5(_NAMESPACE, f"{kind}:{name}"))
