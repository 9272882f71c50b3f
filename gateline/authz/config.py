"""The `authorization` of a route: every rule that is given must hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateline.authz.cel import compiled
from gateline.authz.roles import Membership
from gateline.authz.rules import Rule
from gateline.authz.scopes import Scopes
from gateline.authz.when import Expression, When
from gateline.schema.model import Model


class Authorization(Model):
    """Each may be in shadow: then it is judged and noted, and refuses nobody."""

    scopes: Scopes | None = None
    roles: Membership | None = None
    groups: Membership | None = None
    when: Expression | When | None = None
    """A condition in CEL."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)] | None = None
    """By method and path: the first that matches decides; what none matches is refused."""

    @property
    def condition(self) -> When | None:
        """`when`, with its mode."""
        return When(cel=self.when) if isinstance(self.when, str) else self.when

    @property
    def asks_identity(self) -> bool:
        """Whether any rule asks who makes the request."""
        condition = self.condition
        by_condition = condition is not None and compiled(condition.cel).asks_identity
        by_rule = any(rule.asks_identity for rule in self.rules or ())
        return by_condition or by_rule or any(r is not None for r in (self.scopes, self.roles, self.groups))
