"""What a step may ask of the world. A step yields one (or a tuple, run together) and is sent the typed reply.

A driver performs effects; the pipeline never does. A failed effect is thrown into the step as `UnavailableError`; in a
tuple it stands in its place as a value, since each rule has its own way with a failure. `within_s` is the effect's own
limit in seconds; a driver uses the smaller of it and what is left of the whole check.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateline.values.errors import UnavailableError


class Charge(NamedTuple):
    """One bucket of a charge point.

    `key` is the whole store key; `algorithm` a file stem of `limit/algorithms`; `figures` that algorithm's integers;
    `cost` how many it takes (0 looks only).
    """

    key: str
    algorithm: str
    figures: tuple[int, ...]
    cost: int = 1


@dataclass(slots=True)
class Level:
    """A bucket after a `Take`: whether it had room, what is left of it, and when (seconds from now).

    `retry_after_s` is 0 where it had room; `reset_s` is when it is full again (a window: when it ends).
    """

    allowed: bool
    remaining: int
    retry_after_s: float
    reset_s: float


@dataclass(slots=True)
class Take:
    """Check and charge buckets atomically, all or nothing. Reply: `TakeReply`.

    `local` asks this process's own memory instead of the store (`on_failure: local`). One may be asked for again and
    again: `packed` is the store's, for what it sends each time.
    """

    charges: tuple[Charge, ...]
    within_s: float
    local: bool = False
    packed: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class TakeReply:
    """`levels` in the order of the charges; nothing was taken unless all of them are allowed."""

    levels: tuple[Level, ...]

    @property
    def allowed(self) -> bool:
        """Whether every bucket had room."""
        for level in self.levels:  # noqa: SIM110  # half the cost of `all` for one level
            if not level.allowed:
                return False
        return True


@dataclass(frozen=True, slots=True)
class KeyGet:
    """Look an API key up in the store by its prefix. Reply: the record as a JSON-like dict, or None."""

    prefix: str
    within_s: float


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """Which API keys of the store changed after a revision. Reply: `KeyChangesReply`."""

    since: int
    within_s: float


@dataclass(frozen=True, slots=True)
class KeyChangesReply:
    """The store's revision now, and the prefixes that changed; None where it no longer knows (then all may have)."""

    revision: int
    prefixes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RevokedGet:
    """Ask the store's revocation list. `names` read `jti:…`, `sub:…`. Reply: one bool per name."""

    names: tuple[str, ...]
    within_s: float


@dataclass(frozen=True, slots=True)
class KeyUsed:
    """Note that a key was used now (sent with `Later`; written in batches). Reply: None."""

    prefix: str
    now_unix_s: int


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One HTTP request of the policy itself (JWKS, introspection). Reply: `HttpReply`; any status is a reply."""

    method: str
    url: str
    within_s: float
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    max_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class HttpReply:
    """`headers` with lower-case names."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class InPool:
    """Run blocking code on a bounded pool of threads. Reply: its result; a full pool is an `UnavailableError`."""

    run: Callable[[], Any]
    within_s: float


@dataclass(frozen=True, slots=True)
class Shared:
    """An effect whose answer serves many requests (keys of an issuer, a key's record). Reply: None.

    While one is under way, others of the same `key` wait for it and do not start their own. `settle` gets the answer
    once, before anybody who waits goes on, even where nobody waits any more: so a fetch may take longer than the check
    that began it. `within_s` is the effect's own limit; those who wait have that of their check, and are thrown an
    `UnavailableError` when it is over.
    """

    key: Hashable
    effect: KeyGet | KeyChanges | HttpCall | InPool
    settle: Callable[[Any], None]
    within_s: float


@dataclass(frozen=True, slots=True)
class Later:
    """Start an effect and go on without its result. Reply: None."""

    effect: KeyUsed | Shared


Effect = Take | KeyGet | KeyChanges | KeyUsed | RevokedGet | HttpCall | InPool | Shared | Later
Effects = Effect | tuple[Effect, ...]
# What a driver hands back for one effect; the step that asked knows the type.
Answer = Any | UnavailableError
# A generator that asks for effects and returns an outcome of type T: Asking[Identity | Refused].
Asking = Generator[Effects, Any, Any]
