"""One route of the gateway file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from gateline.authn.combine import Combination
from gateline.authn.resource_metadata import ProtectedResource
from gateline.authz.config import Authorization
from gateline.limit.config import RateLimit
from gateline.route.conditions import Condition, HostName
from gateline.route.router import Match
from gateline.sanitise.path import fault_of
from gateline.schema.model import Model
from gateline.split.config import TrafficSplit

PathText = Annotated[str, StringConstraints(pattern="^/", max_length=2048)]
HeaderName = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
Method = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z-]{0,31}$")]


class ExactPath(Model):
    """Only this path, nothing below it."""

    exact: PathText


class Cache(Model):
    """Caching of answers."""

    enabled: bool = False
    ttl: Annotated[int, Field(ge=1)] = 300
    vary_on: tuple[str, ...] = ("Accept-Encoding",)
    cache_methods: tuple[Method, ...] = ("GET", "HEAD")

    @field_validator("enabled")
    @classmethod
    def _not_built(cls, enabled: bool) -> bool:  # pydantic's own signature
        if enabled:
            raise ValueError("is not built yet: leave it out, or set it to false")
        return enabled


class Route(Model):
    """What matches, and what holds there. `timeout` is in seconds."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
    path: PathText | ExactPath
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = ("GET",)
    hosts: tuple[HostName, ...] = ()
    headers: dict[HeaderName, Condition] = {}
    query: dict[str, Condition] = {}
    upstream_id: str | None = None
    strip_path: bool = False
    preserve_host: bool = False
    timeout: Annotated[int, Field(ge=1, le=86_400)] = 30
    auth_required: bool = True
    authentication: Combination | None = None
    authorization: Authorization | None = None
    tenant: Annotated[str, Field(min_length=1)] | None = None
    protected_resource: ProtectedResource | None = None
    """Answer with the metadata of RFC 9728 instead of going on."""
    rate_limit: RateLimit | None = None
    traffic_split: TrafficSplit | None = None
    cache: Cache | None = None
    mode: Literal["enforce", "shadow"] = "enforce"

    @field_validator("path")
    @classmethod
    def _normal(cls, path: str | ExactPath) -> str | ExactPath:
        text = path if isinstance(path, str) else path.exact
        if fault := fault_of(text):
            raise ValueError(f"is not in normal form ({fault}), so no request could match it")
        if isinstance(path, str) and len(text) > 1 and text.endswith("/"):
            raise ValueError(f"ends in a slash: write {text.rstrip('/')}, which means it and all below it")
        return path

    @property
    def path_text(self) -> str:
        """The path, exact or not."""
        return self.path if isinstance(self.path, str) else self.path.exact

    @property
    def match(self) -> Match:
        """What the router needs to know."""
        return Match(
            id=self.id,
            path=self.path_text,
            exact=not isinstance(self.path, str),
            methods=frozenset(self.methods),
            hosts=self.hosts,
            headers=tuple(self.headers.items()),
            query=tuple(self.query.items()),
        )
