"""Combining methods: `any_of` and `all_of` (CONTRACTS, Identity and methods)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from types import GeneratorType
from typing import Annotated, Any

from pydantic import Field

from gateline.authn.method import Method, Outcome
from gateline.context import Context
from gateline.effects import Effects
from gateline.schema.model import Model
from gateline.values.decision import Deny, Unavailable, deny
from gateline.values.identity import Identity, NotMine, Refused

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class AnyOf(Model):
    """The first method whose credential is present decides."""

    any_of: Names


class AllOf(Model):
    """Each method must give an identity, and all the same user."""

    all_of: Names


Combination = AnyOf | AllOf
Asked = Generator[Effects, Any, Deny | Unavailable | None]


@dataclass(frozen=True, slots=True)
class Methods:
    """What a route asks: `every` for `all_of`; not `required`, and no credential at all is no refusal."""

    methods: tuple[Method, ...]
    every: bool
    required: bool

    @property
    def challenges(self) -> tuple[tuple[str, str], ...]:
        """A `WWW-Authenticate` for each method that has one (RFC 9110 §11.6.1)."""
        found = dict.fromkeys(method.challenge for method in self.methods if method.challenge)
        return tuple(("www-authenticate", challenge) for challenge in found)


def authenticate_step(asked: Methods) -> Any:
    """The step that sets `context.identity`."""
    methods, challenges = asked.methods, asked.challenges

    def authenticate(context: Context) -> Deny | Unavailable | Asked | None:
        judging = _Round(asked, challenges, context)
        for index, method in enumerate(methods):
            outcome = method.authenticate(context)
            if isinstance(outcome, GeneratorType):
                return judging.ask(index, outcome)
            if judging.take(outcome):  # type: ignore[arg-type]  # a generator went the other way
                return judging.end
        return judging.conclude()

    return authenticate


class _Round:
    """One request's way through the methods of its route."""

    __slots__ = ("_asked", "_challenges", "_context", "_found", "_refusal", "end")

    def __init__(self, asked: Methods, challenges: tuple[tuple[str, str], ...], context: Context) -> None:
        self._asked = asked
        self._challenges = challenges
        self._context = context
        self._found: list[Identity] = []
        self._refusal: Refused | None = None
        self.end: Deny | Unavailable | None = None

    def take(self, outcome: Outcome) -> bool:
        """Take a method's outcome; True where it is the last word, which is then in `end`."""
        if isinstance(outcome, NotMine):
            self._refusal = self._refusal or outcome.refusal
            return False
        if isinstance(outcome, Refused):
            self.end = refused(outcome)
            return True
        if isinstance(outcome, Unavailable):
            self.end = outcome
            return True
        return self._identity(outcome)

    def _identity(self, identity: Identity) -> bool:
        first = self._found[0] if self._found else identity
        if first.user_id != identity.user_id:
            self.end = deny("conflicting_credentials", f"{first.method} and {identity.method} name different users")
            return True
        self._found.append(identity)
        self._context.identity = first
        self._context.explain(f"{identity.method} gave {identity.user_id}")
        return not self._asked.every

    def ask(self, index: int, asking: Generator[Effects, Any, Outcome]) -> Asked:
        """Go on from the method at `index`, which wants the world."""
        outcome: Any = yield from asking
        for method in self._asked.methods[index + 1 :]:
            if self.take(outcome):
                return self.end
            outcome = method.authenticate(self._context)
            if isinstance(outcome, GeneratorType):
                outcome = yield from outcome
        return self.end if self.take(outcome) else self.conclude()

    def conclude(self) -> Deny | None:
        """The end when every method was asked and none had the last word."""
        if self._refusal is not None:
            return refused(self._refusal)
        if self._found and len(self._found) == len(self._asked.methods):
            return None
        if not self._found and not self._asked.required:
            self._context.explain("no credentials, and none required")
            return None
        return deny("no_credentials", "no credential of an accepted method", self._challenges)


def refused(outcome: Refused) -> Deny:
    """The denial of a refused credential, with its challenge (RFC 9110 §11.6.1)."""
    headers = (("www-authenticate", outcome.challenge),) if outcome.challenge else ()
    return deny(outcome.code, outcome.why, headers)
