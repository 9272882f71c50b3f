"""Opaque bearer tokens, asked about at the issuer (OAuth 2.0 Token Introspection, RFC 7662).

An answer is remembered for `remember_s`, and never beyond the token's `exp`; scopes are judged anew on every request.
An inactive token is a normal answer; an issuer that can't be reached is our trouble, not the client's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Generator
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from gateline.authn.authorization import credential_of
from gateline.authn.bearer import Bearer, MetadataUrl
from gateline.authn.claims import Claims
from gateline.authn.introspected import AnswerRules, Judged, judged
from gateline.authn.introspection_call import Endpoint
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.context import Context
from gateline.effects import Effects, HttpReply, Shared
from gateline.recent import Recent
from gateline.schema.secret import Secret, SourceError
from gateline.schema.url import url_fault
from gateline.values.errors import ConfigError, UnavailableError
from gateline.values.identity import NOT_MINE, Identity, Refused
from gateline.values.request import Needs

MAX_LENGTH = 8192
REMEMBERED = 50_000
Text = Annotated[str, Field(min_length=1, max_length=2048)]


class Config(MethodConfig):
    """`{name: opaque, method: introspection, url: …, client_id: gateway, client_secret: {file: …}}`."""

    SLOW: ClassVar[bool] = True
    method: Literal["introspection"]
    url: Text
    """The issuer's introspection endpoint."""
    client_id: Text
    client_secret: Secret
    client_auth: Literal["basic", "post"] = "basic"
    """How we say who we are: by the Basic scheme, or in the form (RFC 6749 §2.3.1)."""
    issuer: Text | None = None
    """The `iss` that an answer must name, where given."""
    audience: Text | None = None
    """The `aud` that an answer must name, where given."""
    require_scope: bool = True
    claims: Claims = Claims()
    remember_s: Annotated[int, Field(ge=0, le=3600)] = 60
    remember_inactive_s: Annotated[int, Field(ge=0, le=3600)] = 10
    within_ms: Annotated[int, Field(ge=1, le=60_000)] = 800
    resource_metadata: MetadataUrl = None
    allow_http: bool = False

    @model_validator(mode="after")
    def _callable(self) -> Config:
        if fault := url_fault(self.url, allow_http=self.allow_http):
            raise ValueError(f"has a url that {fault}")
        return self

    @property
    def proxy_needs(self) -> Needs:
        """The header with the token."""
        return Needs(headers=frozenset({"authorization"}))

    def build(self, parts: MethodParts) -> IntrospectionMethod:
        """The method with its client's secret."""
        try:
            secret = parts.sources.secret(self.client_secret).decode()
        except (SourceError, UnicodeDecodeError) as error:
            raise ConfigError.at(("client_secret",), str(error)) from error
        endpoint = Endpoint(self.url, self.client_id, secret, self.client_auth == "post", self.within_ms / 1000)
        return IntrospectionMethod(self, endpoint)


class IntrospectionMethod:
    """Judges the bearer token of a request by what its issuer says of it."""

    def __init__(self, config: Config, endpoint: Endpoint) -> None:
        self.name = config.name
        self._bearer = Bearer(config.resource_metadata)
        self.challenge = self._bearer.challenge
        self.needs = config.proxy_needs
        self._endpoint = endpoint
        self._rules = AnswerRules(
            issuer=config.issuer,
            audience=config.audience,
            require_scope=config.require_scope,
            claims=config.claims,
            remember_s=config.remember_s,
            remember_inactive_s=config.remember_inactive_s,
        )
        self._digest_key = secrets.token_bytes()
        self._known: Recent[bytes, Judged] = Recent(REMEMBERED)

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """One `Authorization` header with a bearer token of any form."""
        text = credential_of(context.request.headers.all("authorization"), "bearer")
        if text is None:
            return NOT_MINE
        if isinstance(text, Refused):
            return text
        if not 0 < len(text) <= MAX_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
            return self._bearer.invalid("the token is empty, too long, or has characters that none has")
        # The token itself is kept nowhere.
        digest = hashlib.blake2b(text.encode(), key=self._digest_key).digest()
        known = self._known.get(digest)
        if known is not None and context.request.now < known.until_unix_s:
            return self._outcome(known, context.request.now)
        return self._ask(text, digest, context.request.now)

    def _ask(self, text: str, digest: bytes, now: float) -> Generator[Effects, Any, Outcome]:
        call = self._endpoint.call(text)
        # The digest's key is this method's alone: no other waits for its answers.
        yield Shared(digest, call, partial(self._settle, digest, now), call.within_s)
        known = self._known.get(digest)
        if known is None:
            raise UnavailableError("introspection", "the answer was lost")
        return self._outcome(known, now)

    def _settle(self, digest: bytes, now: float, answer: HttpReply | UnavailableError) -> None:
        if not isinstance(answer, UnavailableError):
            self._known.put(digest, judged(answer, self._rules, now))

    def _outcome(self, known: Judged, now: float) -> Identity | Refused:
        if isinstance(known.verdict, Identity):
            if now >= known.expires_unix_s:
                return self._bearer.refused("token_expired", "the token has expired")
            return known.verdict
        code, why = known.verdict
        return self._bearer.refused(code, f"the token {why}")
