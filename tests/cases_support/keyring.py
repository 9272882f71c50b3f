"""The keys of a case gateway: made once per process, written as the files that every gateway finds in `.gateline/`.

`jwks.json` holds the public keys of the default issuer (`main`, `next`, `ec`, `ed`), `partner.json` those of a second
issuer, `pairs.json` keys bound to another algorithm by their own `alg`. `foreign` is in no file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gateline.authn.key_model import hash_of
from tests.cases_support.certificates import case_authority, client

PEPPER = b"case-pepper-0123456789abcdef"
HMAC_SECRET = b"case-secret-of-exactly-32-bytes!"
DEFAULT_ISSUER_KEYS = ("main", "next", "ec", "ed")
PARTNER_KEYS = ("partner",)

# API keys by name: cases write the whole key, since it is no secret here. All are alice's unless they say otherwise.
API_KEYS: Mapping[str, Mapping[str, Any]] = {
    "gl_alicekey_AliceAliceAliceAliceAliceAlice01": {"id": "key-alice", "user_id": "alice", "scopes": ["read:users"]},
    "gl_bobbykey_BobbyBobbyBobbyBobbyBobbyBobby02": {"id": "key-bobby", "user_id": "bobby", "scopes": ["write:users"]},
    "gl_acmekeyy_AcmeAcmeAcmeAcmeAcmeAcmeAcmeAc03": {
        "id": "key-acme",
        "user_id": "carol",
        "tenant": "acme",
        "scopes": ["read:users"],
    },
    "gl_globexky_GlobexGlobexGlobexGlobexGlobex04": {
        "id": "key-globex",
        "user_id": "dave",
        "tenant": "globex",
        "scopes": ["read:users"],
    },
    "gl_expiredk_ExpiredExpiredExpiredExpiredEx05": {
        "id": "key-expired",
        "user_id": "alice",
        "scopes": ["read:users"],
        "expires_at": "2020-01-01T00:00:00Z",
    },
    "gl_revokedk_RevokedRevokedRevokedRevokedRe06": {
        "id": "key-revoked",
        "user_id": "alice",
        "scopes": ["read:users"],
        "is_active": False,
    },
}


@dataclass(frozen=True, slots=True)
class Keyring:
    """Private keys by name; a key's name is its `kid`."""

    private: Mapping[str, Any] = field(repr=False)

    def public_jwk(self, name: str) -> dict[str, Any]:
        """The public key as a JWK (RFC 7517)."""
        return {**_jwk_of(self.private[name].public_key()), "kid": name, "use": "sig"}

    def public_pem(self, name: str) -> bytes:
        """The public key as PEM."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem: bytes = self.private[name].public_key().public_bytes(serialization.Encoding.PEM, form)
        return pem

    def jwks(self, *names: str) -> dict[str, Any]:
        """A JWKS document of some keys."""
        return {"keys": [self.public_jwk(name) for name in names]}

    def write(self, folder: Path) -> None:
        """Write what a gateway file may name to `folder` (its `.gateline/`)."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files().items():
            (folder / name).write_bytes(content)


def api_key_records() -> list[dict[str, Any]]:
    """`API_KEYS` as records of `api_keys: {file: .gateline/api_keys.json}`."""
    return [
        {"prefix": key.split("_")[1], "key": hash_of(key, PEPPER), "name": record["id"], **record}
        for key, record in API_KEYS.items()
    ]


@cache
def keyring() -> Keyring:
    """The keyring of this process."""
    rsa_names = ("main", "next", "partner", "foreign")
    keys: dict[str, Any] = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in rsa_names}
    keys["ec"] = ec.generate_private_key(ec.SECP256R1())
    keys["ec384"] = ec.generate_private_key(ec.SECP384R1())
    keys["ed"] = ed25519.Ed25519PrivateKey.generate()
    return Keyring(keys)


@cache
def _files() -> Mapping[str, bytes]:
    """The files of this process's keyring, by name: nearly every test of the core wants them."""
    keys = keyring()
    pairs = [{**keys.public_jwk("main"), "alg": "PS256"}, {**keys.public_jwk("next"), "alg": "RS256"}]
    documents = {
        "jwks.json": keys.jwks(*DEFAULT_ISSUER_KEYS),
        "partner.json": keys.jwks(*PARTNER_KEYS),
        "pairs.json": {"keys": pairs},
        "api_keys.json": api_key_records(),
    }
    server = client(case_authority(), "gateway", ["api.example.com"], server_only=True)
    return {
        **{name: json.dumps(document).encode() for name, document in documents.items()},
        "clients-ca.pem": case_authority().pem.encode(),
        "server.pem": server.pem.encode(),
        "server.key": server.key_pem.encode(),
        "main.pem": keys.public_pem("main"),
        "pepper": PEPPER,
        "hmac": HMAC_SECRET,
    }


def base64url(raw: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _jwk_of(public: Any) -> dict[str, Any]:
    if isinstance(public, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(public, as_dict=True)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(public, as_dict=True)
    return OKPAlgorithm.to_jwk(public, as_dict=True)
