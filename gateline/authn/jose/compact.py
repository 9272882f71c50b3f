"""A signed token in compact form (RFC 7515 §3.1), taken apart before anything of it is believed."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from gateline.authn.jose.strict_json import NotStrictError, read_object

MAX_LENGTH = 8192
MAX_HEADER_LENGTH = 2048
MAX_KID_LENGTH = 256
# An issuer writes one header for each of its keys.
MAX_HEADERS = 256
# The alphabet of base64url in that of base64, where what is foreign to the first becomes so to the second.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
# What the last character may be where a part's length divided by 4 leaves 2 or 3: its unused bits are 0.
_LAST = {2: "AQgw", 3: "AEIMQUYcgkosw048"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is well-formed and not yet verified: `signed` is what `signature` must fit."""

    alg: str
    kid: str | None
    typ: str | None
    claims: dict[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


class Header(NamedTuple):
    """What is looked at of a token's header."""

    alg: str
    kid: str | None
    typ: str | None


class MalformedError(ValueError):
    """No well-formed token; the message says why and quotes nothing of it."""


def read_token(text: str) -> Token:
    """The parts of a token, else `MalformedError`."""
    if len(text) > MAX_LENGTH:
        raise MalformedError(f"is longer than {MAX_LENGTH} characters")
    parts = text.split(".", 3)
    if len(parts) != 3:
        raise MalformedError("has not three parts")
    if len(parts[0]) > MAX_HEADER_LENGTH:
        raise MalformedError(f"has a header longer than {MAX_HEADER_LENGTH} characters")
    header = _header(parts[0])
    claims = _object(parts[1])
    signature = decode(parts[2])
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Token(header.alg, header.kid, header.typ, claims, signed, signature)


def decode(text: str) -> bytes:
    """The bytes of base64url without padding (RFC 7515 §2), written in the one canonical way (RFC 4648 §3.5)."""
    rest = len(text) % 4
    try:
        raw = binascii.a2b_base64(text.encode("ascii").translate(_TO_BASE64) + b"=" * (-rest % 4), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError("has a part that is no base64url") from None
    if rest and text[-1] not in _LAST[rest]:
        raise MalformedError("has a part that is no canonical base64url")
    return raw


def _object(part: str) -> dict[str, Any]:
    try:
        return read_object(decode(part))
    except NotStrictError as error:
        raise MalformedError(f"has a part that {error}") from None


@lru_cache(MAX_HEADERS)
def _header(part: str) -> Header:
    """The header, read once for all tokens that have it."""
    header = _object(part)
    _check_header(header)
    return Header(header["alg"], header.get("kid"), header.get("typ"))


def _check_header(header: dict[str, Any]) -> None:
    """Whatever `jwk`, `jku`, `x5u` and `x5c` say is not looked at: keys come from the policy (RFC 8725 §3.10)."""
    if not isinstance(header.get("alg"), str):
        raise MalformedError("names no algorithm")
    if "crit" in header:
        # RFC 7515 §4.1.11: an extension that we don't know must be refused, and we know none.
        raise MalformedError("has critical header parameters")
    if "b64" in header:
        raise MalformedError("has the header parameter b64 (RFC 7797)")
    if "zip" in header or "enc" in header:
        raise MalformedError("is encrypted or compressed")
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID_LENGTH):
        raise MalformedError("has a kid that is no text of 1 to 256 characters")
    if "kid" in header and kid is None:
        raise MalformedError("has a kid that is null")
    if "typ" in header and not isinstance(header["typ"], str):
        raise MalformedError("has a typ that is no text")
