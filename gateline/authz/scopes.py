"""Scopes (RFC 6749 §3.3): all of some, any of some."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from gateline.authz.made_once import made_once
from gateline.context import Context
from gateline.schema.model import Model
from gateline.values.decision import Deny, deny

BEARER_METHODS = frozenset({"jwt", "introspection"})


class Scopes(Model):
    """`{all: [a, b], any: [c, d]}`: every one of `all`, and at least one of `any` where it is given."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    mode: Literal["enforce", "shadow"] = "enforce"

    @model_validator(mode="after")
    def _asks_something(self) -> Scopes:
        if not self.all and not self.any:
            raise ValueError("names no scope: give `all` or `any`")
        return self


@made_once
def scopes_step(rule: Scopes) -> Any:
    """The step that refuses an identity which lacks a scope, with RFC 6750's challenge for bearer tokens."""
    needed, one_of = frozenset(rule.all), frozenset(rule.any)
    challenge = f'Bearer error="insufficient_scope", scope="{" ".join((*rule.all, *rule.any))}"'

    def check_scopes(context: Context) -> Deny | None:
        identity = context.identity
        has = identity.scopes if identity is not None else frozenset()
        if needed <= has and (not one_of or one_of & has):
            return None
        missing = needed - has or one_of
        bearer = identity is not None and identity.method in BEARER_METHODS
        return deny(
            "insufficient_scope",
            f"lacks {' '.join(sorted(missing))}",
            (("www-authenticate", challenge),) if bearer else (),
        )

    return check_scopes
