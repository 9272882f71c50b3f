"""The whole gateway file (CONTRACTS, The gateway file)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateline.authn import methods
from gateline.authn.claims import ClaimName
from gateline.authn.key_model import APIKey
from gateline.authn.method import MethodConfig
from gateline.authz.roles import Role, RoleName
from gateline.config.route import HeaderName, Route
from gateline.config.tls import Tls
from gateline.config.upstream import Upstream
from gateline.limit.config import RateLimit, Tier
from gateline.limit.domains import Domain
from gateline.plugin_scan import union_of
from gateline.schema.model import Model
from gateline.schema.secret import Secret

if TYPE_CHECKING:
    Authentication = MethodConfig
else:
    Authentication = union_of(methods, "method")
Milliseconds = Annotated[int, Field(ge=1, le=60_000)]


class RedisStore(Model):
    """A Redis or Valkey: `redis://HOST:PORT/DB`, `rediss://…`, `unix:///PATH`."""

    redis: Annotated[str, StringConstraints(pattern=r"^(rediss?|unix)://")]


class Budgets(Model):
    """How long each may take at most: store < check < proxy."""

    store_ms: Milliseconds = 50
    check_ms: Milliseconds = 150
    proxy_ms: Milliseconds = 250


class DecisionLog(Model):
    """One line per decision on standard output."""

    level: Literal["all", "refused", "off"] = "all"
    format: Literal["json", "console"] = "json"


class IdentityHeaders(Model):
    """Field of the identity → header that the upstream receives. Null leaves it out."""

    user_id: HeaderName | None = "x-user-id"
    scopes: HeaderName | None = "x-user-scopes"
    method: HeaderName | None = "x-auth-method"
    credential_id: HeaderName | None = "x-credential-id"
    tenant: HeaderName | None = "x-tenant"
    roles: HeaderName | None = None
    groups: HeaderName | None = None
    tier: HeaderName | None = None
    claims: dict[HeaderName, ClaimName] = {}
    """Header → claim of the token; a dot leads into an object."""

    @model_validator(mode="after")
    def _each_once(self) -> IdentityHeaders:
        if len(set(self.claims.values())) < len(self.claims):
            raise ValueError("names one claim for two headers")
        if len(set(self.names.values())) < len(self.names):
            raise ValueError("names one header for two values")
        return self

    @property
    def names(self) -> dict[str, str]:
        """Those that are set; a claim's field reads `claims.NAME`."""
        fields = self.model_dump(exclude={"claims"}, exclude_none=True)
        return {**fields, **{f"claims.{claim}": header for header, claim in self.claims.items()}}


class ApiKeysFile(Model):
    """API keys in a file of their own: a list of the same models."""

    file: str


class Gateway(Model):
    """A gateway policy."""

    version: Literal[1]
    namespace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "default"
    mode: Literal["enforce", "shadow"] = "enforce"
    unmatched: Literal["deny", "allow"] = "deny"
    trusted_hops: Annotated[int, Field(ge=0, le=16)] = 0
    tls: Tls | None = None
    store: Literal["memory"] | RedisStore = "memory"
    budgets: Budgets = Budgets()
    decision_log: DecisionLog = DecisionLog()
    rate_limit_headers: Literal["both", "draft", "legacy", "off"] = "both"
    identity_headers: IdentityHeaders = IdentityHeaders()
    api_key_pepper: Secret | None = None
    authentication: tuple[Authentication, ...] = ()
    roles: dict[RoleName, Role] = {}
    """Role → what it inherits and who has it."""
    tiers: dict[str, Tier] = {}
    api_keys: tuple[APIKey, ...] | ApiKeysFile = ()
    upstreams: tuple[Upstream, ...] = ()
    global_rate_limit: RateLimit | None = None
    domains: tuple[Domain, ...] = ()
    routes: tuple[Route, ...] = ()

    @property
    def revision(self) -> str:
        """First 12 hex digits of SHA-256 over the canonical model."""
        digest = hashlib.sha256()
        for piece in self._canonical():
            digest.update(piece.encode())
        return digest.hexdigest()[:12]

    def _canonical(self) -> Iterator[str]:
        """The model as one JSON document with sorted keys, in pieces: of many routes, no single one takes long."""
        for index, name in enumerate(sorted(type(self).model_fields)):
            yield f'{"," if index else "{"}"{name}":'
            value = getattr(self, name)
            if isinstance(value, tuple):
                for at, item in enumerate(value):
                    yield f"{',' if at else '['}{_dumps(item.model_dump(mode='json'))}"
                yield "]" if value else "[]"
            else:
                yield _dumps(self.model_dump(mode="json", include={name})[name])
        yield "}"


def _dumps(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))
