"""Public keys of an issuer (JWK and JWKS, RFC 7517), each bound to the algorithms it may be used with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from gateline.authn.jose.algorithms import ALGORITHMS, fits

MAX_KEYS = 256
MIN_RSA_BITS = 2048
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_READERS = {"RSA": RSAAlgorithm.from_jwk, "EC": ECAlgorithm.from_jwk, "OKP": OKPAlgorithm.from_jwk}


class BadKeyError(ValueError):
    """A key or a set that can't be used; the message says why and quotes nothing secret."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key to verify with, and the algorithms that the policy and the key itself allow."""

    kid: str | None
    algorithms: frozenset[str]
    public: Any = field(repr=False)
    # Tells one key from another under the same kid.
    mark: str = field(default="", repr=False)


class KeySet:
    """The keys of an issuer at one time."""

    __slots__ = ("_by_kid", "keys")

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys: Sequence[Key] = tuple(keys)
        self._by_kid: dict[str | None, tuple[Key, ...]] = {}
        for key in self.keys:
            self._by_kid[key.kid] = (*self._by_kid.get(key.kid, ()), key)

    def knows(self, kid: str) -> bool:
        """Whether there is a key of that `kid`, for whatever algorithm."""
        return kid in self._by_kid

    def find(self, kid: str | None, alg: str) -> Key | None:
        """The one key for a token; a token without `kid` is served where only one key fits its algorithm."""
        candidates = self.keys if kid is None else self._by_kid.get(kid, ())
        fitting = [key for key in candidates if alg in key.algorithms]
        if kid is not None and not fitting:
            # A key that carries no kid (a PEM file, a bare secret) serves any.
            fitting = [key for key in self._by_kid.get(None, ()) if alg in key.algorithms]
        return fitting[0] if len(fitting) == 1 else None

    def holds_all_of(self, other: KeySet) -> bool:
        """Whether no key of the other set is gone or changed here."""
        return {(key.kid, key.mark) for key in other.keys} <= {(key.kid, key.mark) for key in self.keys}


def read_jwks(document: bytes | Mapping[str, Any], algorithms: Iterable[str]) -> KeySet:
    """The usable keys of a JWKS (RFC 7517 §5: what is not understood is skipped), else `BadKeyError`."""
    try:
        data = json.loads(document) if isinstance(document, bytes) else document
    except (ValueError, RecursionError):
        raise BadKeyError("is no JSON") from None
    entries = data.get("keys") if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        raise BadKeyError("is no JWKS: it has no list `keys`")
    if len(entries) > MAX_KEYS:
        raise BadKeyError(f"has more than {MAX_KEYS} keys")
    allowed = tuple(algorithms)
    reasons: list[str] = []
    keys: list[Key] = []
    for entry in entries:
        try:
            keys.append(read_jwk(entry, allowed))
        except BadKeyError as error:
            reasons.append(str(error))
    if not keys:
        raise BadKeyError(f"has no key for {', '.join(allowed)}: {'; '.join(reasons[:3]) or 'it is empty'}")
    return KeySet(keys)


def read_jwk(entry: object, allowed: Iterable[str]) -> Key:
    """One key, else `BadKeyError`. Its own `alg` narrows what the policy allows."""
    if not isinstance(entry, Mapping):
        raise BadKeyError("a key is no object")
    kid, kty, crv = entry.get("kid"), entry.get("kty"), entry.get("crv")
    name = f"key {kid!r}"
    if kid is not None and not (isinstance(kid, str) and kid):
        raise BadKeyError("a kid is no text")
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise BadKeyError(f"{name} is not for signatures")
    if "d" in entry:
        raise BadKeyError(f"{name} is a private key, which does not belong here")
    if not isinstance(kty, str) or kty not in _READERS:
        raise BadKeyError(f"{name} has the unknown kty {kty!r}")
    try:
        public = _READERS[kty](dict(entry))
    except (InvalidKeyError, ValueError, TypeError, KeyError) as error:
        raise BadKeyError(f"{name} can't be read ({type(error).__name__})") from None
    algorithms = frozenset(a for a in allowed if fits(a, kty, str(crv)) and entry.get("alg", a) == a)
    mark = str([entry.get(part) for part in ("n", "e", "x", "y")])
    return _checked(Key(kid, algorithms, public, mark), name)


def read_pem(pem: bytes, allowed: Iterable[str]) -> Key:
    """A public key in PEM, which serves tokens of any `kid`."""
    try:
        public = load_pem_public_key(pem)
    except (ValueError, TypeError):
        raise BadKeyError("is no public key in PEM") from None
    kty, crv = kind_of(public)
    return _checked(Key(None, frozenset(a for a in allowed if fits(a, kty, crv)), public), "the key")


def read_secret(secret: bytes, allowed: Iterable[str]) -> Key:
    """A shared secret for HS algorithms; it must be as long as the hash (RFC 7518 §3.2)."""
    algorithms = frozenset(a for a in allowed if ALGORITHMS[a].kty == "oct")
    longest = max((int(a[2:]) // 8 for a in algorithms), default=0)
    if len(secret) < longest:
        raise BadKeyError(f"is shorter than {longest} bytes (RFC 7518 §3.2)")
    if b"-----BEGIN" in secret:
        raise BadKeyError("is a PEM file: a public key must never serve as a secret")
    return _checked(Key(None, algorithms, secret), "the secret")


def kind_of(public: Any) -> tuple[str, str]:
    """`kty` and `crv` of a public key; empty where JWS has no use for it."""
    if isinstance(public, rsa.RSAPublicKey):
        return "RSA", ""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "EC", _CURVES.get(public.curve.name, "")
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "OKP", "Ed25519"
    return "", ""


def _checked(key: Key, name: str) -> Key:
    if not key.algorithms:
        raise BadKeyError(f"{name} fits none of the allowed algorithms")
    if isinstance(key.public, rsa.RSAPublicKey) and key.public.key_size < MIN_RSA_BITS:
        raise BadKeyError(f"{name} has fewer than {MIN_RSA_BITS} bits")
    return key
