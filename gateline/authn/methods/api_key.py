"""API keys: found by their prefix, compared as keyed hashes in constant time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from gateline.authn.key_model import hash_of, prefix_of
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.authn.presented import Places
from gateline.authn.standing_key import StandingKey, judge, standing
from gateline.authn.stored_keys import StoredKeys
from gateline.context import Context
from gateline.effects import Effects, KeyUsed, Later
from gateline.recent import Recent
from gateline.schema.secret import SourceError
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Identity, Refused
from gateline.values.request import Needs

# A key's `last_used` is as exact as this; a write per request would cost more than the whole decision.
USED_EVERY_S = 60
TokenText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]


class Config(MethodConfig):
    """`{name: keys, method: api_key, header: x-api-key}`."""

    method: Literal["api_key"]
    header: TokenText | None = "x-api-key"
    cookie: TokenText | None = None
    query: TokenText | None = None
    """A query parameter. Off by default: what stands in a URL ends up in logs and histories."""
    store: bool = True
    """Whether keys that are not in the policy are looked for in the store."""
    max_stale_s: Annotated[int, Field(ge=0, le=86_400)] = 300
    """How long known keys of the store go on while it is away."""
    cached_keys: Annotated[int, Field(ge=2, le=5_000_000)] = 100_000
    """How many keys of the store a process remembers."""

    @model_validator(mode="after")
    def _somewhere(self) -> Config:
        if self.header is None and self.cookie is None and self.query is None:
            raise ValueError("looks nowhere: give header, cookie or query")
        return self

    @property
    def proxy_needs(self) -> Needs:
        """The places where a key may stand."""
        named = {(self.header or "").lower(), "cookie" if self.cookie else ""} - {""}
        return Needs(headers=frozenset(named), query=self.query is not None)

    def build(self, parts: MethodParts) -> ApiKeyMethod:
        """The method with the policy's keys in memory."""
        if parts.api_keys and parts.pepper is None:
            raise ConfigError.at((), "needs `api_key_pepper`, since keys are stored as keyed hashes")
        try:
            pepper = parts.sources.secret(parts.pepper) if parts.pepper else b""
        except SourceError as error:
            raise ConfigError.at(("api_key_pepper",), str(error)) from error
        keys = {key.prefix: standing(key) for key in parts.api_keys}
        # Without a pepper no key of the store could ever fit.
        asks = self.store and parts.pepper is not None
        stored = StoredKeys(self.cached_keys, self.max_stale_s, parts.store_s) if asks else None
        return ApiKeyMethod(self, keys, stored, pepper)


class ApiKeyMethod:
    """Judges the key that a request carries."""

    def __init__(self, config: Config, keys: dict[str, StandingKey], stored: StoredKeys | None, pepper: bytes) -> None:
        self.name = config.name
        self._places = Places((config.header or "").lower(), config.cookie or "", config.query or "")
        self.challenge = _challenge(self._places)
        self.needs = config.proxy_needs
        self._keys = keys
        self._stored = stored
        self._pepper = pepper
        self._used: Recent[str, float] = Recent(config.cached_keys)

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """RFC-less, but as every gateway has it: one place, one key."""
        given = self._places.find(context)
        if given is None:
            return NOT_MINE
        if isinstance(given, Refused):
            return given
        prefix = prefix_of(given)
        if prefix is None:
            return Refused("unknown_key", "not of the form gl_<prefix>_<secret>", self.challenge)
        key, now = self._keys.get(prefix), context.request.now
        if key is None and self._stored is not None:
            known, key = self._stored.remembered(prefix, now)
            if not known:
                return self._asked(self._stored, prefix, given, now)
        outcome = self._judge(key, prefix, given, now)
        if isinstance(outcome, Identity) and self._unnoted(prefix, now):
            return _noted(prefix, outcome, now)
        return outcome

    def _asked(self, stored: StoredKeys, prefix: str, given: str, now: float) -> Generator[Effects, Any, Outcome]:
        key = yield from stored.find(prefix, now)
        outcome = self._judge(key, prefix, given, now)
        if isinstance(outcome, Identity) and self._unnoted(prefix, now):
            yield Later(KeyUsed(prefix, int(now)))
        return outcome

    def _judge(self, key: StandingKey | None, prefix: str, given: str, now: float) -> Identity | Refused:
        outcome = judge(key, hash_of(given, self._pepper), now, self.challenge)
        if isinstance(outcome, Refused):
            return Refused(outcome.code, f"key gl_{prefix}_…: {outcome.why}", outcome.challenge)
        return outcome

    def _unnoted(self, prefix: str, now: float) -> bool:
        """Whether it is time to note that the key is in use."""
        noted = self._used.get(prefix)
        if noted is not None and now < noted + USED_EVERY_S:
            return False
        self._used.put(prefix, now)
        return True


def _noted(prefix: str, identity: Identity, now: float) -> Generator[Effects, Any, Identity]:
    yield Later(KeyUsed(prefix, int(now)))
    return identity


def _challenge(places: Places) -> str:
    """No registered scheme says it (RFC 9110 §11.6.1 lets us name our own)."""
    if places.header:
        return f'ApiKey header="{places.header}"'
    return f'ApiKey cookie="{places.cookie}"' if places.cookie else f'ApiKey query="{places.query}"'
