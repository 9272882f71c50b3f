"""JSON Web Tokens (RFC 7519) as bearer tokens (RFC 6750), judged as RFC 8725 and RFC 9068 ask.

A token that was verified is remembered by its header's text until it expires, the keys change, or others push it out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, Literal

from pydantic import Field

from gateline.authn.authorization import credential_of
from gateline.authn.bearer import Bearer, MetadataUrl
from gateline.authn.claims import Claims, WrongClaimError, identity_from
from gateline.authn.jose.algorithms import ALGORITHMS, AlgorithmName, verifies
from gateline.authn.jose.compact import MalformedError, Token, read_token
from gateline.authn.jose.key_config import Keys
from gateline.authn.jose.key_source import KeySource
from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.authn.revocation import Revocation
from gateline.authn.token_rules import ClaimRules, expired_at, refusal_of
from gateline.context import Context
from gateline.effects import Effects, Later, Shared
from gateline.recent import Recent
from gateline.values.decision import unavailable
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Identity, NotMine, Refused
from gateline.values.request import MAX_MEMOS, Needs, Request

MAX_CACHED_CHARACTERS = 32 << 20
MAX_FOREIGN_CHARACTERS = 4 << 20
Verified = tuple[Identity, float, object]
"""Of a token that was verified: who it is, until when (Unix seconds), and what it was believed by."""
Text = Annotated[str, Field(min_length=1, max_length=2048)]


class Config(MethodConfig):
    """`{name: main, method: jwt, issuer: …, audience: …, algorithms: [RS256], keys: {jwks_file: …}}`."""

    method: Literal["jwt"]
    issuer: Text
    audience: Text | Annotated[tuple[Text, ...], Field(min_length=1)]
    """The `aud` that is meant for us; of several, any."""
    algorithms: Annotated[tuple[AlgorithmName, ...], Field(min_length=1)] = ("RS256",)
    keys: Keys
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 0
    require_scope: bool = True
    """Whether a token without a `scope` claim is refused, as the reference architecture has it."""
    require: tuple[str, ...] = ()
    """Further claims that must be there (RFC 9068 asks for client_id, iat and jti)."""
    typ: Text | None = None
    """The `typ` that tokens must declare (`at+jwt`, RFC 9068 §2.1)."""
    id_tokens: bool = False
    """Whether OpenID Connect's ID tokens pass as access tokens."""
    claims: Claims = Claims()
    revocation: bool = False
    """Whether the store's list of revoked tokens (`jti`) and users (`sub`) is asked on every request."""
    resource_metadata: MetadataUrl = None
    """Where clients find the metadata of RFC 9728; told in challenges."""

    @property
    def proxy_needs(self) -> Needs:
        """The header with the token."""
        return Needs(headers=frozenset({"authorization"}))

    def build(self, parts: MethodParts) -> JwtMethod:
        """The method with its keys."""
        secret = [name for name in self.algorithms if ALGORITHMS[name].kty == "oct"]
        if secret and len(secret) != len(self.algorithms):
            # RFC 8725 §2.1: where both are allowed, a public key may be taken for a secret.
            raise ConfigError.at(("algorithms",), "mixes HS algorithms with those of public keys: use two methods")
        keys = self.keys.build(parts.sources, self.issuer, self.algorithms)
        return JwtMethod(self, keys, Revocation(parts.store_s) if self.revocation else None)


class JwtMethod:
    """Judges the bearer token of a request."""

    def __init__(self, config: Config, keys: KeySource, revocation: Revocation | None = None) -> None:
        self.name = config.name
        self._bearer = Bearer(config.resource_metadata)
        self.challenge = self._bearer.challenge
        self._revocation = revocation
        self.needs = config.proxy_needs
        self._issuer = config.issuer
        self._algorithms = frozenset(config.algorithms)
        self._claims = config.claims
        self._rules = ClaimRules(
            audience=frozenset([config.audience] if isinstance(config.audience, str) else config.audience),
            leeway_s=config.leeway_s,
            required=(*((config.claims.scopes,) if config.require_scope else ()), *config.require),
            typ=config.typ,
            id_tokens=config.id_tokens,
        )
        self._keys = keys
        self._version = keys.version
        self._believed: object = object()
        """What stands for this method and its keys as they are, in the memos of requests."""
        self._verified: Recent[str, Verified] = Recent(MAX_CACHED_CHARACTERS)
        self._foreign: Recent[str, NotMine] = Recent(MAX_FOREIGN_CHARACTERS)

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """One `Authorization` header with a bearer token; what was verified once is not verified again."""
        request = context.request
        now = request.now
        if self._version != self._keys.version:
            # A key is gone: nothing that was verified with it is believed.
            self._verified.clear()
            self._version = self._keys.version
            self._believed = object()
        if now < self._keys.check_at:
            known = request.memo.get(self.name)
            if known is None or known[2] is not self._believed:
                known = self._known(request)
            if known is not None and now < known[1]:
                return known[0] if self._revocation is None else self._revocation.check(known[0], self._bearer)
        outcome = self._first_seen(request.headers.all("authorization"), now)
        return outcome if self._revocation is None else self._revocation.after(outcome, self._bearer)

    def _known(self, request: Request) -> Verified | None:
        """The identity of a token that was verified, and until when; kept with its lines, to be found sooner."""
        values = request.headers.all("authorization")
        known = self._verified.get(values[0]) if len(values) == 1 else None
        if known is not None:
            if len(request.memo) >= MAX_MEMOS:
                request.memo.clear()
            request.memo[self.name] = known
        return known

    def prepare(self, now: float) -> Shared | None:
        """The keys, before anybody needs them."""
        return self._keys.first(now)

    def _first_seen(self, values: Any, now: float) -> Outcome | Generator[Effects, Any, Outcome]:
        text = credential_of(values, "bearer")
        if text is None:
            return NOT_MINE
        if isinstance(text, Refused):
            return text
        if (foreign := self._foreign.get(text)) is not None:
            return foreign
        if text.count(".") != 2:
            return NotMine(self._invalid("is no JWT: it has not three parts"))
        try:
            token = read_token(text)
        except MalformedError as error:
            return self._invalid(str(error))
        if token.claims.get("iss") != self._issuer:
            foreign = NotMine(self._invalid(f"is of another issuer than {self._issuer}"))
            self._foreign.put(text, foreign, len(text))
            return foreign
        if token.alg not in self._algorithms:
            return self._invalid(f"has the algorithm {token.alg[:16]!r}, which the policy does not allow")
        effect = self._keys.wanted(token.kid, token.alg, now)
        if effect is not None:
            return self._with_keys(effect, token, values[0], now)
        return self._verify(token, values[0], now)

    def _with_keys(
        self, effect: Shared | Later | None, token: Token, header: str, now: float
    ) -> Generator[Effects, Any, Outcome]:
        while effect is not None:
            yield effect
            effect = self._keys.wanted(token.kid, token.alg, now)
        return self._verify(token, header, now)

    def _verify(self, token: Token, header: str, now: float) -> Outcome:
        key = self._keys.find(token.kid, token.alg, now)
        if key is None:
            if trouble := self._keys.trouble(token.kid, now):
                return unavailable("dependency_unavailable", trouble)
            return self._invalid(f"has no key for {token.alg} of its kid")
        if not verifies(token.alg, key.public, token.signed, token.signature):
            return self._invalid("has a wrong signature")
        refusal = refusal_of(token, self._rules, now)
        if refusal is not None:
            code, why = refusal
            return self._bearer.refused(code, f"the token {why}")
        try:
            identity = identity_from(token.claims, self._claims, "jwt")
        except WrongClaimError as error:
            return self._bearer.invalid(str(error))
        verified = identity, expired_at(token.claims, self._rules), self._believed
        self._verified.put(header, verified, len(header))
        return identity

    def _invalid(self, why: str) -> Refused:
        return self._bearer.invalid(f"the token {why}")
