"""Nobody in particular: the last of `any_of`, for requests that carry no credential at all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateline.authn.method import MethodConfig, MethodParts
from gateline.context import Context
from gateline.values.identity import Identity
from gateline.values.request import Needs


class Config(MethodConfig):
    """`{name: guest, method: anonymous}`. A bad credential of another method does not make a guest."""

    method: Literal["anonymous"]
    user_id: Annotated[str, Field(min_length=1, max_length=256)] = "anonymous"
    tenant: str | None = None
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    tier: str | None = None

    @property
    def proxy_needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def build(self, _: MethodParts) -> AnonymousMethod:
        """The method."""
        return AnonymousMethod(self)


class AnonymousMethod:
    """Gives everybody the same identity."""

    def __init__(self, config: Config) -> None:
        self.name = config.name
        self.challenge = ""
        self.needs = config.proxy_needs
        self._identity = Identity(
            user_id=config.user_id,
            method="anonymous",
            tenant=config.tenant,
            scopes=frozenset(config.scopes),
            roles=frozenset(config.roles),
            tier=config.tier,
        )

    def authenticate(self, _: Context) -> Identity:
        """Always the identity; `combine.py` sees to it that no bad credential came before."""
        return self._identity
