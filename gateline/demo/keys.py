"""The demo's keys, made on first use: files that a gateway file names under `.gateline/` beside it.

A key pair for demo tokens (`private.pem`, `jwks.json`), the pepper of API keys, and a file with one API key whose
secret stands in `demo-key`. All are for this machine alone: mode 0600, and git ignores them.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from gateline.authn.key_model import hash_of, new_key
from gateline.config.parse import parse
from gateline.values.errors import ConfigError

FOLDER = ".gateline"
PRIVATE_KEY = "private.pem"
DEMO_KEY = "demo-key"
KEY_ID = "demo"


def make_missing(gateway_file: Path) -> None:
    """Make what the gateway file names under `.gateline/` and is not there; leave everything else alone."""
    try:
        text = gateway_file.read_text(encoding="utf-8")
        data = parse(text, str(gateway_file))[0] if f"{FOLDER}/" in text else None
    except (OSError, UnicodeDecodeError, ConfigError):
        return  # whoever loads it says what is wrong
    names = _Names.of(data)
    folder = gateway_file.parent
    if all((folder / name).exists() for name in names.all()):
        return
    (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
    with _locked(folder / FOLDER / ".lock"):
        for name in names.jwks:
            _make_key_pair(folder / name)
        if names.pepper:
            _write_new(folder / names.pepper, secrets.token_hex(32).encode() + b"\n")
        if names.api_keys and names.pepper:
            _make_api_key(folder / names.api_keys, folder / names.pepper)


class _Names:
    """The files under `.gateline/` that a gateway names."""

    def __init__(self, jwks: list[str], pepper: str, api_keys: str) -> None:
        self.jwks = jwks
        self.pepper = pepper
        self.api_keys = api_keys

    @classmethod
    def of(cls, data: Any) -> _Names:
        """From data that need not be valid."""
        methods = data.get("authentication") if isinstance(data, dict) else None
        jwks = [_ours(method, "keys", "jwks_file") for method in methods] if isinstance(methods, list) else []
        return cls(
            [name for name in jwks if name],
            _ours(data, "api_key_pepper", "file"),
            _ours(data, "api_keys", "file"),
        )

    def all(self) -> list[str]:
        return [name for name in (*self.jwks, self.pepper, self.api_keys) if name]


def _ours(data: Any, *path: str) -> str:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, str) and Path(data).parts[:1] == (FOLDER,) and ".." not in data else ""


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once make one set of keys."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_new(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 whole, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    part.replace(path)


def _make_key_pair(jwks: Path) -> None:
    if jwks.exists():
        return
    # Imported here: making a key pair happens once, and every command would pay for the import.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415

    private = jwks.with_name(PRIVATE_KEY)
    if private.exists():
        key = serialization.load_pem_private_key(private.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ConfigError.at((), f"{private} is not an RSA key: remove it, and another one is made")
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        _write_new(private, key.private_bytes(serialization.Encoding.PEM, form, plain))
    public: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    public |= {"kid": KEY_ID, "alg": "RS256", "use": "sig"}
    _write_new(jwks, json.dumps({"keys": [public]}, indent=2).encode() + b"\n")


def _make_api_key(path: Path, pepper: Path) -> None:
    if path.exists():
        return
    prefix, key = new_key()
    record = {
        "id": "demo",
        "prefix": prefix,
        "key": hash_of(key, pepper.read_bytes().strip()),
        "name": "the demo's key",
        "user_id": "bob",
        "scopes": ["read:users"],
    }
    path.with_name(DEMO_KEY).unlink(missing_ok=True)
    _write_new(path.with_name(DEMO_KEY), key.encode() + b"\n")
    _write_new(path, yaml.safe_dump([record], sort_keys=False).encode())
