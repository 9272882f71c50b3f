"""`gateline-jwt`: JSON Web Tokens of one issuer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from gateline.authn.jose.algorithms import AlgorithmName
from gateline.authn.methods.jwt import Text
from kong_plugins.adapter.configuration import plugin_id, read
from kong_plugins.adapter.consumer import ConsumerConfig
from kong_plugins.adapter.drop_in import ScopesConfig, policy_of, scopes_of
from kong_plugins.adapter.guard import guarded
from kong_plugins.adapter.judge import Judge

NAME = "gateline-jwt"
_KEYS = ("jwks_file", "pem_file", "jwks_url", "discovery")


class JwtConfig(ConsumerConfig, ScopesConfig):
    """The issuer, what its tokens must say, and exactly one place where its keys are."""

    issuer: Text
    audience: Annotated[tuple[Text, ...], Field(min_length=1)]
    """The `aud` that is meant for us; of several, any."""
    algorithms: Annotated[tuple[AlgorithmName, ...], Field(min_length=1)] = ("RS256",)
    jwks_file: str | None = None
    pem_file: str | None = None
    secret_file: str | None = None
    """The shared secret of HS algorithms."""
    jwks_url: str | None = None
    discovery: bool = False
    """OpenID Connect Discovery at the issuer."""
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 0
    require_scope: bool = True
    anonymous: bool = False
    """Whether a request without a token passes."""


class JwtPlugin:
    """One instance."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        found = read(JwtConfig, config, NAME)
        self._route = plugin_id(config)
        route = {"id": self._route, "auth_required": not found.anonymous, **scopes_of(found)}
        if found.anonymous:
            route["authentication"] = {"any_of": ["token"]}
        gateway = {"authentication": [_method(found)]}
        self._judge = Judge(NAME, policy_of(NAME, route, gateway, headers=True), found)

    def access(self, kong: Any) -> None:
        """Kong's access phase."""
        guarded(kong, NAME, lambda: self._judge.access(kong, self._route))


def _method(config: JwtConfig) -> dict[str, Any]:
    keys: dict[str, Any] = {name: getattr(config, name) for name in _KEYS if getattr(config, name)}
    if config.secret_file is not None:
        keys["secret"] = {"file": config.secret_file}
    return {
        "name": "token",
        "method": "jwt",
        "issuer": config.issuer,
        "audience": list(config.audience),
        "algorithms": list(config.algorithms),
        "keys": keys,
        "leeway_s": config.leeway_s,
        "require_scope": config.require_scope,
    }
