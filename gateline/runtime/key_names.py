"""Where API keys and revocations stand in the store (CONTRACTS, Store keys)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyNames:
    """`changes` holds each prefix once, at the revision of its last change: the index of all keys, too."""

    namespace: str

    def record(self, prefix: str) -> str:
        """The key's record, as JSON."""
        return f"gl:{self.namespace}:{{{prefix}}}:key"

    @property
    def revision(self) -> str:
        """A counter that grows with every change."""
        return f"gl:{self.namespace}:{{keys}}:revision"

    @property
    def changes(self) -> str:
        """A sorted set: prefix → revision."""
        return f"gl:{self.namespace}:{{keys}}:changes"

    @property
    def used(self) -> str:
        """A hash: prefix → when it was last used (Unix seconds)."""
        return f"gl:{self.namespace}:{{keys}}:used"

    @property
    def lock(self) -> str:
        """There while a command changes keys."""
        return f"gl:{self.namespace}:{{keys}}:lock"

    def revoked(self, name: str) -> str:
        """There while a token (`jti:…`) or all tokens of a user (`sub:…`) are revoked."""
        return f"gl:{self.namespace}:{{{name}}}:revoked"


def in_braces(text: str) -> str:
    """A name that may stand between the braces of a store key: without braces, blanks and control characters."""
    safe = "-_.:@/"
    return "".join(char if char.isalnum() or char in safe else f"%{ord(char):x}" for char in text)
