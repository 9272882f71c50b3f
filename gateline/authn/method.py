"""What a method of authentication is, and what it is built from."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from gateline.authn.key_model import APIKey
from gateline.context import Context
from gateline.effects import Effects
from gateline.schema.model import Model
from gateline.schema.secret import Secret, Sources
from gateline.values.decision import Unavailable
from gateline.values.identity import Identity, NotMine, Refused
from gateline.values.request import Needs

Outcome = Identity | Refused | NotMine | Unavailable


class Method(Protocol):
    """A built method.

    `challenge` is its `WWW-Authenticate` value for a request without credentials; empty where it has none.
    """

    name: str
    challenge: str
    needs: Needs

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """Judge the credential of this method that the request carries, if any."""


class MethodConfig(Model):
    """The parent of every method's `Config`: a name that routes refer to, and how to build it."""

    # Whether a decision may have to wait for a hash or for another server: then the budgets are longer by default.
    SLOW: ClassVar[bool] = False
    name: Annotated[str, Field(min_length=1, max_length=64)]

    @property
    def proxy_needs(self) -> Needs:
        """What the built method reads of a request, as the file alone tells it: a policy compiles without its secrets.

        A compiled proxy sends no other headers, so a method that can't tell gets them all.
        """
        return Needs(headers="all")

    def build(self, parts: MethodParts) -> Method:
        """The built method; `ConfigError.at(...)` with the method's own paths where it can't be built."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class MethodParts:
    """What a method's `Config.build(parts)` may use beside its own fields.

    `store_s` is the store's budget in seconds, `namespace` the first part of its keys.
    """

    sources: Sources
    api_keys: tuple[APIKey, ...] = ()
    pepper: Secret | None = None
    store_s: float = 0.05
    namespace: str = "default"
