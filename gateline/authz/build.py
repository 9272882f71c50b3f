"""The steps of a route's `authorization`, in the order of the file's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gateline.authz.cel import compiled
from gateline.authz.config import Authorization
from gateline.authz.roles import membership_step
from gateline.authz.rules import built, rules_step
from gateline.authz.scopes import scopes_step
from gateline.authz.when import when_step
from gateline.values.request import Needs


class Check(NamedTuple):
    """One check; `place` is its rule's `file:line`."""

    run: Any
    place: str
    shadow: bool = False
    needs: Needs = Needs()


def checks_of(rules: Authorization, place: Callable[..., str]) -> Iterator[Check]:
    """Every check; `place(*path)` gives the place of a path below `authorization`."""
    if rules.scopes is not None:
        yield Check(scopes_step(rules.scopes), place("scopes"), rules.scopes.mode == "shadow")
    if rules.roles is not None:
        yield Check(membership_step(rules.roles, "roles"), place("roles"), rules.roles.mode == "shadow")
    if rules.groups is not None:
        yield Check(membership_step(rules.groups, "groups"), place("groups"), rules.groups.mode == "shadow")
    condition = rules.condition
    if condition is not None:
        needs = compiled(condition.cel).needs
        yield Check(when_step(condition.cel), place("when"), condition.mode == "shadow", needs)
    yield from _by_path(rules, place)


def _by_path(rules: Authorization, place: Callable[..., str]) -> Iterator[Check]:
    listed = [(rule, built(rule, place("rules", index))) for index, rule in enumerate(rules.rules or ())]
    enforced = [ready for rule, ready in listed if rule.mode == "enforce"]
    needs = Needs()
    for rule, _ in listed:
        needs |= rule.needs
    if len(enforced) < len(listed):
        yield Check(rules_step([ready for _, ready in listed]), place("rules"), True, needs)
    if enforced:
        yield Check(rules_step(enforced), place("rules"), False, needs)
