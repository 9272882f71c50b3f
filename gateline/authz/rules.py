"""Rules by method and path within a route: the first that matches decides, and what none matches is refused.

A rule in shadow is not there for what is enforced. Beside it, the list is judged as if all of its rules were enforced,
so that the log tells what they would do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateline.authz.cel import compiled
from gateline.authz.roles import Membership, membership_step
from gateline.authz.scopes import Scopes, scopes_step
from gateline.authz.when import Expression, when_step
from gateline.context import Context
from gateline.schema.model import Model
from gateline.values.decision import Deny, deny
from gateline.values.request import Needs

MethodName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z-]{0,31}$")]
PathText = Annotated[str, StringConstraints(pattern="^/", max_length=2048)]


class ExactPath(Model):
    """Only this path, nothing below it."""

    exact: PathText


class Rule(Model):
    """What it takes on some methods and paths; without any condition they are open to every identity."""

    methods: Annotated[tuple[MethodName, ...], Field(min_length=1)] | None = None
    """None: every method."""
    path: PathText | ExactPath | None = None
    """The path as the client asks for it, and everything below; `*` stands for one segment."""
    scopes: Scopes | None = None
    roles: Membership | None = None
    groups: Membership | None = None
    when: Expression | None = None
    deny: bool = False
    """True: what matches is refused to everybody."""
    mode: Literal["enforce", "shadow"] = "enforce"

    @property
    def needs(self) -> Needs:
        """What it asks of an adapter."""
        needs = Needs(method=self.methods is not None)
        return needs | compiled(self.when).needs if self.when is not None else needs

    @property
    def asks_identity(self) -> bool:
        """Whether it asks who makes the request."""
        by_condition = self.when is not None and compiled(self.when).asks_identity
        return by_condition or any(rule is not None for rule in (self.scopes, self.roles, self.groups))


@dataclass(frozen=True, slots=True)
class BuiltRule:
    """A rule as it runs; `place` is its `file:line`."""

    methods: frozenset[str] | None
    segments: tuple[str, ...] | None
    exact: bool
    checks: tuple[Callable[[Context], Deny | None], ...]
    place: str

    def matches(self, context: Context, segments: tuple[str, ...]) -> bool:
        """Whether it speaks of this request."""
        if self.methods is not None and context.request.method not in self.methods:
            return False
        wanted = self.segments
        if wanted is None:
            return True
        if len(segments) < len(wanted) or (self.exact and len(segments) > len(wanted)):
            return False
        return all(want in ("*", have) for want, have in zip(wanted, segments, strict=False))


def built(rule: Rule, place: str) -> BuiltRule:
    """The rule, ready to run."""
    checks: list[Callable[[Context], Deny | None]] = []
    if rule.deny:
        checks.append(lambda _: deny("forbidden", "is closed to everybody"))
    if rule.scopes is not None:
        checks.append(scopes_step(rule.scopes))
    if rule.roles is not None:
        checks.append(membership_step(rule.roles, "roles"))
    if rule.groups is not None:
        checks.append(membership_step(rule.groups, "groups"))
    if rule.when is not None:
        checks.append(when_step(rule.when))
    exact = isinstance(rule.path, ExactPath)
    path = rule.path.exact if isinstance(rule.path, ExactPath) else rule.path
    methods = None if rule.methods is None else frozenset(rule.methods)
    return BuiltRule(methods, None if path is None else _segments(path, exact=exact), exact, tuple(checks), place)


def rules_step(rules: Sequence[BuiltRule]) -> Any:
    """The step that judges by the first rule that matches."""

    def check_rules(context: Context) -> Deny | None:
        segments = _segments(context.path, exact=True)
        for rule in rules:
            if rule.matches(context, segments):
                return _judged(rule, context)
        return deny("forbidden", f"no rule allows {context.request.method} here")

    return check_rules


def _judged(rule: BuiltRule, context: Context) -> Deny | None:
    for check in rule.checks:
        outcome = check(context)
        if outcome is not None:
            problem = outcome.problem
            return deny(problem.code, f"rule {rule.place}: {problem.why}", outcome.headers)
    if context.notes is not None:
        context.explain(f"rule {rule.place}")
    return None


def _segments(path: str, *, exact: bool) -> tuple[str, ...]:
    """The segments; a slash at the end counts for exact paths, and means nothing where all below is meant."""
    return tuple((path if exact else path.rstrip("/")).split("/")[1:])
