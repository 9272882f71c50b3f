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
from gateline.values.decision import Deny, Unavailable, deny, unavailable
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
    first, one_is_enough = methods[0], not asked.every

    def authenticate(context: Context) -> Deny | Unavailable | Asked | None:
        outcome = first.authenticate(context)
        if one_is_enough and type(outcome) is Identity and context.notes is None:
            # What happens nearly always: a third of the way through a round.
            context.identity = outcome
            return None
        judging = _Round(asked, challenges, context)
        for index, method in enumerate(methods):
            if index:
                outcome = method.authenticate(context)
            if isinstance(outcome, GeneratorType):
                return judging.ask(index, outcome)
            if judging.take(method, outcome):  # type: ignore[arg-type]  # a generator went the other way
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
        self._found = 0
        self._refusal: Refused | None = None
        self.end: Deny | Unavailable | None = None

    def take(self, method: Method, outcome: Outcome) -> bool:
        """Take a method's outcome; True where it is the last word, which is then in `end`."""
        if isinstance(outcome, NotMine):
            self._refusal = self._refusal or outcome.refusal
            if self._context.notes is not None:
                self._context.explain(f"{method.name}: {'not for it' if outcome.refusal else 'no credential'}")
            return False
        if isinstance(outcome, Refused):
            self.end = refused(outcome, method.name)
            return True
        if isinstance(outcome, Unavailable):
            self.end = unavailable(outcome.problem.code, f"{method.name}: {outcome.problem.why}")
            return True
        if not isinstance(outcome, Identity):
            raise TypeError(f"the method {method.name} returned {type(outcome).__name__}")
        return self._identity(method, outcome)

    def _identity(self, method: Method, identity: Identity) -> bool:
        if self._refusal is not None and identity.method == "anonymous":
            # A bad credential must not turn into none.
            self.end = refused(self._refusal)
            return True
        context, found = self._context, self._context.identity
        if found is not None:
            if not _same(found, identity):
                self.end = deny("conflicting_credentials", f"{method.name} names another user than the methods before")
                return True
            identity = _joined(found, identity)
        self._found += 1
        context.identity = identity
        if context.notes is not None:
            context.explain(f"{method.name}: {identity.user_id}")
        return not self._asked.every

    def ask(self, index: int, asking: Generator[Effects, Any, Outcome]) -> Asked:
        """Go on from the method at `index`, which wants the world."""
        methods = self._asked.methods
        outcome: Any = yield from asking
        for method, following in zip(methods[index:], methods[index + 1 :], strict=False):
            if self.take(method, outcome):
                return self.end
            outcome = following.authenticate(self._context)
            if isinstance(outcome, GeneratorType):
                outcome = yield from outcome
        return self.end if self.take(methods[-1], outcome) else self.conclude()

    def conclude(self) -> Deny | None:
        """The end when every method was asked and none had the last word."""
        if self._refusal is not None:
            return refused(self._refusal)
        if self._found and self._found == len(self._asked.methods):
            return None
        if not self._found and not self._asked.required:
            self._context.explain("no credentials, and none required")
            return None
        return deny("no_credentials", "no credential of an accepted method", self._challenges)


def refused(outcome: Refused, name: str = "") -> Deny:
    """The denial of a refused credential, with its challenge (RFC 9110 §11.6.1)."""
    challenge = (("www-authenticate", outcome.challenge),) if outcome.challenge else ()
    return deny(outcome.code, f"{name}: {outcome.why}" if name else outcome.why, (*challenge, *outcome.headers))


def _same(one: Identity, other: Identity) -> bool:
    """Whether two credentials may stand together; a tenant that only one of them names is no conflict."""
    return one.user_id == other.user_id and (one.tenant == other.tenant or None in (one.tenant, other.tenant))


def _joined(first: Identity, other: Identity) -> Identity:
    """What several credentials of one user say together; where both speak, the first is heard."""
    return Identity(
        user_id=first.user_id,
        method=first.method,
        tenant=first.tenant if first.tenant is not None else other.tenant,
        scopes=first.scopes | other.scopes,
        roles=first.roles | other.roles,
        groups=first.groups | other.groups,
        tier=first.tier if first.tier is not None else other.tier,
        credential_id=first.credential_id or other.credential_id,
        claims={**other.claims, **first.claims},
        figures=first.figures or other.figures,
    )
