"""JSON Web Tokens (RFC 7519) as bearer tokens (RFC 6750), judged as RFC 8725 asks: the policy pins the algorithms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jwt
from jwt import PyJWK
from pydantic import Field

from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.context import Context
from gateline.schema.model import Model
from gateline.schema.secret import SourceError
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Identity, NotMine, Refused
from gateline.values.request import Needs

MAX_TOKEN_LENGTH = 8192
MAX_CACHED_TOKENS = 20_000
_INVALID = 'Bearer error="invalid_token"'


class JwksFile(Model):
    """Keys from a JWKS document (RFC 7517 §5) beside the gateway file."""

    jwks_file: str


class Config(MethodConfig):
    """`{name: main, method: jwt, issuer: …, audience: …, algorithms: [RS256], keys: {jwks_file: …}}`."""

    method: Literal["jwt"]
    issuer: Annotated[str, Field(min_length=1)]
    audience: Annotated[str, Field(min_length=1)]
    algorithms: Annotated[tuple[Literal["RS256", "ES256", "EdDSA", "PS256"], ...], Field(min_length=1)] = ("RS256",)
    keys: JwksFile
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 0
    require_scope: bool = True
    """Whether a token without a `scope` claim is refused, as the reference architecture has it."""

    def build(self, parts: MethodParts) -> JwtMethod:
        """The method with its keys."""
        try:
            document = parts.sources.read(self.keys.jwks_file)
        except SourceError as error:
            raise ConfigError.at(("keys", "jwks_file"), str(error)) from error
        try:
            keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(document.decode()).keys if key.key_id}
        except (jwt.PyJWTError, ValueError) as error:
            raise ConfigError.at(("keys", "jwks_file"), f"is not a usable JWKS: {error}") from error
        return JwtMethod(self, keys)


class JwtMethod:
    """Judges the bearer token of a request."""

    def __init__(self, config: Config, keys: Mapping[str, PyJWK]) -> None:
        self.name = config.name
        self.challenge = "Bearer"
        self.needs = Needs(headers=frozenset({"authorization"}))
        self._config = config
        self._keys = keys
        self._cache: dict[str, tuple[Identity, float]] = {}

    def authenticate(self, context: Context) -> Outcome:
        """One `Authorization` header with a bearer token; what was verified once is not verified again."""
        values = context.request.headers.all("authorization")
        if not values:
            return NOT_MINE
        if len(values) > 1:
            return Refused("malformed_request", f"{len(values)} authorization headers")
        scheme, _, token = values[0].partition(" ")
        if scheme.lower() != "bearer":
            return NOT_MINE
        now = context.request.now
        cached = self._cache.get(token)
        if cached is not None:
            identity, expires = cached
            return identity if now < expires else Refused("token_expired", "expired", _INVALID)
        return self._verify(token.strip(), now)

    def _verify(self, token: str, now: float) -> Outcome:
        if not token or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
            return Refused("invalid_token", "empty, too long, or not ASCII", _INVALID)
        try:
            header = jwt.get_unverified_header(token)
            claims = self._claims(token, header)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            return Refused("invalid_token", f"{type(error).__name__}: {error}", _INVALID)
        if claims["iss"] != self._config.issuer:
            return NotMine(Refused("invalid_token", f"issuer {claims['iss']!r} is not {self.name}'s", _INVALID))
        return self._judge(token, claims, now)

    def _claims(self, token: str, header: Mapping[str, Any]) -> dict[str, Any]:
        if "crit" in header or "b64" in header:
            raise jwt.InvalidTokenError("critical header parameters are not supported")
        key = self._keys.get(header.get("kid", ""))
        if key is None and "kid" not in header and len(self._keys) == 1:
            key = next(iter(self._keys.values()))
        if key is None:
            raise jwt.InvalidTokenError("no key of that kid")
        # Times are judged below, on the request's own clock.
        options: Any = {
            "require": ["exp", "iss", "aud", "sub"],
            "verify_exp": False,
            "verify_nbf": False,
            "verify_iat": False,
            "verify_iss": False,
        }
        return jwt.decode(
            token, key, algorithms=self._config.algorithms, audience=self._config.audience, options=options
        )

    def _judge(self, token: str, claims: dict[str, Any], now: float) -> Outcome:
        leeway = self._config.leeway_s
        times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
        if any(isinstance(at, bool) or not isinstance(at, int | float) for at in times.values()):
            return Refused("invalid_token", "a time claim is not a number", _INVALID)
        if now >= times["exp"] + leeway:
            return Refused("token_expired", "exp is over", _INVALID)
        if max(times.get("nbf", now), times.get("iat", now)) > now + leeway:
            return Refused("invalid_token", "not valid yet", _INVALID)
        scope = claims.get("scope")
        if (scope is None and self._config.require_scope) or not isinstance(scope, str | None):
            return Refused("invalid_token", "the scope claim is missing or no string", _INVALID)
        identity = Identity(
            user_id=str(claims["sub"]),
            method="jwt",
            tenant=claims.get("tenant"),
            scopes=frozenset((scope or "").split()),
            credential_id=str(claims.get("jti", "")),
            claims=claims,
        )
        if len(self._cache) >= MAX_CACHED_TOKENS:
            self._cache.clear()
        self._cache[token] = (identity, times["exp"] + leeway)
        return identity
