"""Mints the tokens of case rows, hostile ones too: `token: {claims: {sub: alice}, exp: +60s}`.

Fields of a row's `token`, all optional:
  claims     overrides of the default claims; null leaves a claim out; iat, nbf and exp may read `+60s`, `-1h`
  exp        short for claims.exp
  alg        of the header, and how it is signed (default RS256)
  sign_as    signs by another algorithm than the header says
  key        name of the keyring's key (default: one that fits the algorithm); `main.pem` signs HS with that PEM file
  header     overrides of the header; null leaves a parameter out. {public_jwk: NAME} stands for that key
  header_json, payload_json   the text itself instead (duplicate members, numbers out of range, …); {{now}} is the time
  pad        length of a claim that makes the token huge
  depth      a claim that is nested this deep
  signature  keep (default) | none (empty) | flip (one bit) | swap (of another token)
  mangle     a list of: padding, loose_bits, standard_alphabet, newline, space, extra_segment, no_signature_dot, unicode
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from tests.cases_support.keyring import HMAC_SECRET, Keyring, base64url

ISSUER = "https://auth.example.com"
AUDIENCE = "api.example.com"
DEEP = "(deep)"
_DURATION = re.compile(r"^([+-])(\d+)([smhd])$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_KEY_OF = {"RS": "main", "PS": "main", "ES": "ec", "Ed": "ed", "HS": "hmac"}


def mint(spec: Mapping[str, Any], keyring: Keyring, now: float) -> str:
    """The token that a row asks for, in compact form (RFC 7515 §7.1)."""
    alg = spec.get("alg", "RS256")
    key = spec.get("key") or _KEY_OF.get(str(alg)[:2], "main")
    head = spec.get("header_json") or json.dumps(_header(spec, alg, key, keyring))
    body = spec.get("payload_json") or json.dumps(_claims(spec, now))
    # Written as text: what is to break a reader would break the writer, too.
    body = body.replace(json.dumps(DEEP), "[" * spec.get("depth", 0) + "]" * spec.get("depth", 0))
    body = re.sub(r"\{\{now([+-]\d+)?\}\}", lambda m: str(int(now) + int(m[1] or 0)), body)
    signed = f"{base64url(head.encode())}.{base64url(body.encode())}"
    signature = _signature(spec, signed, spec.get("sign_as", alg), key, keyring)
    token = f"{signed}.{base64url(signature)}"
    for name in spec.get("mangle", ()):
        token = MANGLES[name](token)
    return token


def place(token: str, path: str, headers: list[list[str]]) -> tuple[str, list[list[str]]]:
    """Path and headers with the token: in place of each `{token}`, else in an `authorization` of its own."""
    if "{token}" in path or any("{token}" in value for _, value in headers):
        return path.replace("{token}", token), [[name, value.replace("{token}", token)] for name, value in headers]
    return path, [*headers, ["authorization", f"Bearer {token}"]]


def _header(spec: Mapping[str, Any], alg: object, key: str, keyring: Keyring) -> dict[str, Any]:
    header: dict[str, Any] = {"alg": alg, "kid": key, "typ": "JWT", **spec.get("header", {})}
    for name, value in header.items():
        if isinstance(value, dict) and "public_jwk" in value:
            header[name] = keyring.public_jwk(value["public_jwk"])
    return {name: value for name, value in header.items() if value is not None}


def _claims(spec: Mapping[str, Any], now: float) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "scope": "read:users",
        "iat": int(now),
        "exp": "+60s",
        **spec.get("claims", {}),
    }
    if "exp" in spec:
        claims["exp"] = spec["exp"]
    if "pad" in spec:
        claims["pad"] = "x" * spec["pad"]
    if "depth" in spec:
        claims["deep"] = DEEP
    return {name: _moment(name, value, now) for name, value in claims.items() if value is not None}


def _moment(name: str, value: Any, now: float) -> Any:
    found = _DURATION.match(value) if name in ("exp", "iat", "nbf") and isinstance(value, str) else None
    return int(now) + int(f"{found[1]}{int(found[2]) * _SECONDS[found[3]]}") if found else value


def _signature(spec: Mapping[str, Any], signed: str, alg: str, key: str, keyring: Keyring) -> bytes:
    how = spec.get("signature", "keep")
    if how == "none" or alg in ("none", "None", "nOnE", "NONE"):
        return b""
    raw = _sign((signed + ".other" if how == "swap" else signed).encode(), alg, key, keyring)
    return bytes([raw[0] ^ 1]) + raw[1:] if how == "flip" else raw


def _sign(message: bytes, alg: str, key: str, keyring: Keyring) -> bytes:
    if alg.startswith("HS"):
        secret = keyring.public_pem(key.removesuffix(".pem")) if key != "hmac" else HMAC_SECRET
        return HMACAlgorithm(getattr(HMACAlgorithm, f"SHA{alg[2:]}")).sign(message, secret)
    private = keyring.private[key]
    if alg.startswith("RS"):
        return RSAAlgorithm(getattr(RSAAlgorithm, f"SHA{alg[2:]}")).sign(message, private)
    if alg.startswith("PS"):
        return RSAPSSAlgorithm(getattr(RSAPSSAlgorithm, f"SHA{alg[2:]}")).sign(message, private)
    if alg.startswith("ES"):
        if isinstance(private, ec.EllipticCurvePrivateKey):
            return ECAlgorithm(getattr(ECAlgorithm, f"SHA{alg[2:]}")).sign(message, private)
        raise ValueError(f"the key {key} can't sign {alg}")
    return OKPAlgorithm().sign(message, private)


def _loose_bits(token: str) -> str:
    """Set a bit that base64 drops: the same bytes, written otherwise (RFC 4648 §3.5)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    head, body, signature = token.split(".")
    at = alphabet.index(signature[-1])
    return f"{head}.{body}.{signature[:-1]}{alphabet[at ^ 1]}"


MANGLES: Mapping[str, Callable[[str], str]] = {
    "padding": lambda token: token + "==",
    "loose_bits": _loose_bits,
    "standard_alphabet": lambda token: token.replace("-", "+").replace("_", "/"),
    "newline": lambda token: token[:20] + "%0a" + token[20:],
    "space": lambda token: token[:20] + " " + token[20:],
    "extra_segment": lambda token: token + ".e30",
    "no_signature_dot": lambda token: token.rpartition(".")[0],
    "unicode": lambda token: token + "é",
}
