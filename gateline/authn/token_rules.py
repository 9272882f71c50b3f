"""What the claims of a verified token must say (RFC 7519 §4.1, RFC 8725 §3, RFC 9068 §4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateline.authn.jose.compact import Token
from gateline.values.identity import claim_of

# The last second of the year 9999: beyond it no calendar of ours reaches.
MAX_NUMERIC_DATE = 253_402_300_799
# Claims that OpenID Connect Core 1.0 (§2, §3.1.3.6, §3.3.2.11) puts into ID tokens, and nobody into access tokens.
ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})
# What an access token may call itself where the policy asks for nothing (RFC 8725 §3.11).
PLAIN_TYPES = frozenset({"jwt", "at+jwt"})
_NUMBERS = frozenset({int, float})
Refusal = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What an issuer's tokens are held to."""

    audience: frozenset[str]
    leeway_s: int = 0
    required: tuple[str, ...] = ()
    typ: str | None = None
    id_tokens: bool = False


def refusal_of(token: Token, rules: ClaimRules, now: float) -> Refusal | None:
    """Code and reason where a verified token is no good, else None."""
    why = _kind(token, rules) or _audience(token.claims, rules) or _missing(token.claims, rules)
    if why:
        return "invalid_token", why
    return _times(token.claims, rules, now)


def expired_at(claims: Mapping[str, Any], rules: ClaimRules) -> float:
    """From when on a token is no good any longer (Unix seconds)."""
    return float(claims["exp"] + rules.leeway_s)


def _kind(token: Token, rules: ClaimRules) -> str | None:
    typ = token.typ.lower().removeprefix("application/") if token.typ is not None else None
    if rules.typ is not None:
        if typ != rules.typ.lower().removeprefix("application/"):
            return f"is not of the typ {rules.typ}"
    elif typ is not None and typ not in PLAIN_TYPES:
        return "is of another typ than access tokens are"
    if not rules.id_tokens and not ID_TOKEN_CLAIMS.isdisjoint(token.claims):
        return "is an ID token, which is for the client that asked for it"
    return None


def _audience(claims: Mapping[str, Any], rules: ClaimRules) -> str | None:
    """RFC 7519 §4.1.3: a text or a list of texts; one of them must be us."""
    audience = claims.get("aud")
    if isinstance(audience, str):
        return None if audience in rules.audience else "is for another audience"
    if not isinstance(audience, list) or not all(isinstance(one, str) for one in audience):
        return "has no audience"
    return "is for another audience" if rules.audience.isdisjoint(audience) else None


def _missing(claims: Mapping[str, Any], rules: ClaimRules) -> str | None:
    for name in rules.required:
        if claim_of(claims, name) is None:
            return f"lacks the claim {name}"
    return None


def _times(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> Refusal | None:
    """NumericDate may have a fraction (RFC 7519 §2); it can't be text, true, or beyond all calendars."""
    if "exp" not in claims:
        return "invalid_token", "never expires"
    for name in ("exp", "nbf", "iat"):
        at = claims.get(name, 0)
        # By type: true is an int as well.
        if type(at) not in _NUMBERS or not 0 <= at <= MAX_NUMERIC_DATE:
            return "invalid_token", f"has a claim {name} that is no date"
    if now >= expired_at(claims, rules):
        return "token_expired", "has expired"
    for name in ("nbf", "iat"):
        if claims.get(name, 0) > now + rules.leeway_s:
            return "invalid_token", f"has a claim {name} in the future"
    return None
