"""Attempts at a credential, counted per user and per address in the store, before anything is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from gateline.effects import Charge, Effects, Take, TakeReply
from gateline.schema.model import Model
from gateline.values.errors import UnavailableError

Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Lockout(Model):
    """`attempts` at once, and `per_minute` more as time goes by. What is remembered as good costs none."""

    attempts: Count
    per_minute: Count


@dataclass(frozen=True, slots=True)
class Lockouts:
    """Token buckets (`limit/algorithms/token_bucket.py`) of a method."""

    method: str
    namespace: str
    per_user: Lockout
    per_address: Lockout
    within_s: float

    def count(self, user: str, address: str) -> Generator[Effects, Any, float]:
        """Count an attempt; for how long none is left (seconds), 0 where it may go on."""
        # A name may hold what no key of a store should.
        name = hashlib.blake2b(user.encode(), digest_size=16).hexdigest()
        takes = (self._take(f"login-{name}", self.per_user), self._take(f"login-{address}", self.per_address))
        answers: tuple[TakeReply | UnavailableError, ...] = yield takes
        wait_s = 0.0
        for answer in answers:
            if isinstance(answer, UnavailableError):
                raise answer
            wait_s = max(wait_s, *(level.retry_after_s for level in answer.levels))
        return wait_s

    def _take(self, subject: str, lockout: Lockout) -> Take:
        key = f"gl:{self.namespace}:{{{subject}}}:lockout:{self.method}"
        figures = (lockout.attempts, lockout.per_minute)
        return Take((Charge(key, "token_bucket", figures),), self.within_s)
