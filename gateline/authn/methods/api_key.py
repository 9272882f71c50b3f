"""API keys in a header: found by their prefix, compared in constant time."""

from __future__ import annotations

import hmac
from typing import Annotated, Literal

from pydantic import Field

from gateline.authn.key_model import APIKey, hash_of, prefix_of
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.context import Context
from gateline.schema.secret import SourceError
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Figures, Identity, Refused
from gateline.values.request import Needs

_NO_KEY_HASH = "blake2b-256:" + "0" * 64


class Config(MethodConfig):
    """`{name: keys, method: api_key, header: x-api-key}`."""

    method: Literal["api_key"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")] = "x-api-key"

    def build(self, parts: MethodParts) -> ApiKeyMethod:
        """The method with its keys in memory."""
        if parts.api_keys and parts.pepper is None:
            raise ConfigError.at((), "needs `api_key_pepper`, since keys are stored as keyed hashes")
        try:
            pepper = parts.sources.secret(parts.pepper) if parts.pepper and parts.api_keys else b""
        except SourceError as error:
            raise ConfigError.at(("api_key_pepper",), str(error)) from error
        return ApiKeyMethod(self, parts.api_keys, pepper)


class ApiKeyMethod:
    """Judges the key that a request carries in its header."""

    def __init__(self, config: Config, keys: tuple[APIKey, ...], pepper: bytes) -> None:
        self.name = config.name
        self.header = config.header.lower()
        self.challenge = f'ApiKey header="{self.header}"'
        self.needs = Needs(headers=frozenset({self.header}))
        self._pepper = pepper
        self._keys = {key.prefix: (key, _identity(key)) for key in keys}

    def authenticate(self, context: Context) -> Outcome:
        """RFC-less, but as every gateway has it: one header, one key."""
        values = context.request.headers.all(self.header)
        if not values:
            return NOT_MINE
        if len(values) > 1:
            return Refused("malformed_request", f"{len(values)} `{self.header}` headers")
        prefix = prefix_of(values[0])
        if prefix is None:
            return Refused("unknown_key", "not of the form gl_<prefix>_<secret>", self.challenge)
        found = self._keys.get(prefix)
        expected = found[0].key if found else _NO_KEY_HASH
        if not hmac.compare_digest(hash_of(values[0], self._pepper), expected) or found is None:
            return Refused("unknown_key", "no such key", self.challenge)
        key, identity = found
        if not key.is_active:
            return Refused("key_inactive", f"key {key.id} is not active", self.challenge)
        if key.expired(context.request.now):
            return Refused("key_inactive", f"key {key.id} expired at {key.expires_at}", self.challenge)
        return identity


def _identity(key: APIKey) -> Identity:
    return Identity(
        user_id=key.user_id,
        method="api_key",
        tenant=key.tenant,
        scopes=frozenset(key.scopes),
        tier=key.rate_limit_tier,
        credential_id=key.id,
        figures=Figures(key.requests_per_minute, key.burst, key.daily_quota, key.monthly_quota),
    )
