"""The store's list of revoked tokens and users: asked on every request, so that a revocation holds at once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from gateline.authn.bearer import Bearer
from gateline.authn.method import Outcome
from gateline.effects import Effects, RevokedGet
from gateline.values.identity import Identity, Refused


@dataclass(frozen=True, slots=True)
class Revocation:
    """`within_s` is the store's budget. With the store away nothing can be said, and nobody passes."""

    within_s: float

    def check(self, identity: Identity, bearer: Bearer) -> Generator[Effects, Any, Identity | Refused]:
        """The identity, unless its token (`jti:…`) or all of its user's (`sub:…`) are revoked."""
        names = [f"sub:{identity.user_id}"]
        if identity.credential_id:
            names.append(f"jti:{identity.credential_id}")
        revoked: tuple[bool, ...] = yield RevokedGet(tuple(names), self.within_s)
        if len(revoked) == len(names) and not any(revoked):
            return identity
        return bearer.invalid("the token, or all of its user's, are revoked")

    def after(
        self, outcome: Outcome | Generator[Effects, Any, Outcome], bearer: Bearer
    ) -> Outcome | Generator[Effects, Any, Outcome]:
        """A method's outcome, checked where it is an identity."""
        if isinstance(outcome, GeneratorType):
            return self._then(outcome, bearer)
        if isinstance(outcome, Identity):
            return self.check(outcome, bearer)
        return outcome

    def _then(self, asking: Generator[Effects, Any, Outcome], bearer: Bearer) -> Generator[Effects, Any, Outcome]:
        outcome = yield from asking
        if isinstance(outcome, Identity):
            return (yield from self.check(outcome, bearer))
        return outcome
