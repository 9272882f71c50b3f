"""Roles and groups (RBAC): from claims, or given in the policy; a role may inherit others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from gateline.authz.made_once import made_once
from gateline.context import Context
from gateline.schema.model import Model
from gateline.values.decision import Deny, deny
from gateline.values.errors import Fault
from gateline.values.identity import Identity

RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]{1,128}$")]


class Role(Model):
    """`{inherits: [viewer], users: [alice], groups: [staff]}`: who has it, beside those whose claims say so."""

    inherits: tuple[RoleName, ...] = ()
    users: tuple[str, ...] = ()
    """By user id, whatever method and tenant it came with."""
    groups: tuple[str, ...] = ()


class Membership(Model):
    """`{all: [a, b], any: [c, d]}`: every one of `all`, and at least one of `any` where it is given."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    mode: Literal["enforce", "shadow"] = "enforce"

    @model_validator(mode="after")
    def _asks_something(self) -> Membership:
        if not self.all and not self.any:
            raise ValueError("names nothing: give `all` or `any`")
        return self

    def missing(self, has: frozenset[str]) -> str | None:
        """What is lacking, None where nothing is."""
        if lacking := [name for name in self.all if name not in has]:
            return " and ".join(lacking)
        if self.any and has.isdisjoint(self.any):
            return " or ".join(self.any)
        return None


@made_once
def membership_step(rule: Membership, field: Literal["roles", "groups"]) -> Any:
    """The step that refuses an identity which lacks a role or group."""

    def check_membership(context: Context) -> Deny | None:
        identity = context.identity
        missing = rule.missing(getattr(identity, field) if identity is not None else frozenset())
        return None if missing is None else deny("forbidden", f"lacks the {field[:-1]} {missing}")

    return check_membership


class RoleBook:
    """Which roles an identity has in the end."""

    __slots__ = ("_by_group", "_by_user", "_with_inherited")

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._with_inherited = {name: _inherited(name, roles) for name in roles}
        self._by_user = _holders({name: role.users for name, role in roles.items()})
        self._by_group = _holders({name: role.groups for name, role in roles.items()})

    def roles_of(self, identity: Identity) -> frozenset[str]:
        """The roles of its claims, of its user and of its groups, with all that they inherit."""
        own = set(identity.roles) | self._by_user.get(identity.user_id, set())
        for group in identity.groups:
            own |= self._by_group.get(group, set())
        found = set(own)
        for name in own:
            found |= self._with_inherited.get(name, set())
        return frozenset(found)


def roles_step(book: RoleBook) -> Any:
    """The step that completes the identity's roles, for rules and for the upstream."""

    def complete_roles(context: Context) -> None:
        identity = context.identity
        if identity is not None:
            # A verified credential gives the same identity again and again, and that remembers what comes of it.
            complete = identity.memo.get(book)
            if complete is None:
                roles = book.roles_of(identity)
                complete = identity if roles == identity.roles else replace(identity, roles=roles, memo={})
                identity.memo[book] = complete
            context.identity = complete

    return complete_roles


def role_faults(roles: Mapping[str, Role]) -> Iterator[Fault]:
    """Roles that inherit what does not exist, or themselves."""
    for name, role in roles.items():
        for index, parent in enumerate(role.inherits):
            if parent not in roles:
                yield Fault(("roles", name, "inherits", index), f"names no role: `{parent}`")
        if cycle := _cycle(name, roles):
            yield Fault(("roles", name, "inherits"), f"inherits itself: {' → '.join(cycle)}")


def _inherited(name: str, roles: Mapping[str, Role]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        role = roles.get(waiting.pop())
        for parent in role.inherits if role else ():
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _cycle(name: str, roles: Mapping[str, Role]) -> list[str]:
    """A way from a role back to itself; empty where there is none."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        role = roles.get(way[-1])
        for parent in role.inherits if role else ():
            if parent == name:
                return [*way, name]
            if parent not in seen:
                seen.add(parent)
                ways.append([*way, parent])
    return []


def _holders(held: Mapping[str, tuple[str, ...]]) -> dict[str, set[str]]:
    """Role → holders, the other way round."""
    found: dict[str, set[str]] = {}
    for role, holders in held.items():
        for holder in holders:
            found.setdefault(holder, set()).add(role)
    return found
