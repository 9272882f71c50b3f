"""The issuer of a run: an RSA key, and tokens that are kept for later runs, since signing thousands takes a while.

They lie in the bench's own folder, outside of the tree. A token counts as new as long as the process that judges it has
not seen it, and every run starts new processes.
"""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://auth.example.com"
AUDIENCE = "api.example.com"
SCOPE = "read:users"
KEY_ID = "bench"
LIFE_S = 7 * 86_400
USERS = 1000


class Issuer:
    """Mints tokens; `jwks` and `public_pem` are files with its public key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.jwks = folder / "jwks.json"
        self.public_pem = folder / "public.pem"
        self._private = folder / "private.pem"
        if self._age_s() > LIFE_S / 2:
            for old in folder.iterdir():
                old.unlink()
            self._make_key()
        self._pem = self._private.read_bytes()

    def _age_s(self) -> float:
        return time.time() - self._private.stat().st_mtime if self._private.exists() else LIFE_S

    def _make_key(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self.jwks.write_text(json.dumps({"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}))
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public_pem.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, spki))
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self._private.touch(mode=0o600)
        self._private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))

    def token(self, user: str = "alice", scope: str = SCOPE) -> str:
        """One token."""
        return mint(self._pem, [{"sub": user, "scope": scope}])[0]

    def file_of(self, name: str, count: int, padding_characters: int = 0) -> Path:
        """A file of at least `count` different tokens, one a line, of `USERS` users in turn."""
        path = self._folder / f"{name}.txt"
        have = path.read_text().count("\n") if path.exists() else 0
        if have < count:
            claims = [
                {"sub": f"user-{n % USERS}", "scope": SCOPE, "jti": f"{n}", "pad": "x" * padding_characters}
                for n in range(have, count)
            ]
            parts = [claims[at : at + 500] for at in range(0, len(claims), 500)]
            with ProcessPoolExecutor(os.cpu_count()) as pool, path.open("a") as file:
                for tokens in pool.map(mint, [self._pem] * len(parts), parts):
                    file.write("".join(f"{token}\n" for token in tokens))
        return path


def mint(pem: bytes, claims: list[dict[str, str]]) -> list[str]:
    """RS256 tokens of these claims (RFC 7519), for `LIFE_S` from now."""
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    now = int(time.time())
    standing = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFE_S}
    head = _text({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"})
    tokens = []
    for each in claims:
        signed = f"{head}.{_text(standing | each)}"
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        tokens.append(f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}")
    return tokens


def _text(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
