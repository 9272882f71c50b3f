"""Stored password hashes: bcrypt and argon2, bounded in what one check may cost. Everything here blocks for long."""

from __future__ import annotations

import re
from importlib.util import find_spec

# bcrypt cuts off silently behind this, or raises: such a password never fits.
MAX_BCRYPT_BYTES = 72
MAX_PASSWORD_BYTES = 1024
MIN_ROUNDS = 4
MAX_ROUNDS = 15
MAX_ARGON2_KIB = 512 * 1024
MAX_ARGON2_PASSES = 20
_BCRYPT = re.compile(r"^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$")
_ARGON2 = re.compile(r"^\$argon2(?:id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$")


def hash_fault(stored: str) -> str | None:
    """Why a stored hash can't be used, None where it can."""
    if found := _BCRYPT.match(stored):
        if not MIN_ROUNDS <= int(found[1]) <= MAX_ROUNDS:
            return f"asks for more than 2^{MAX_ROUNDS} rounds, or for fewer than 2^{MIN_ROUNDS}"
        return _library_fault("bcrypt")
    if found := _ARGON2.match(stored):
        dear = int(found[1]) > MAX_ARGON2_KIB or int(found[2]) > MAX_ARGON2_PASSES
        return "asks for more memory or passes than a gateway should spend" if dear else _library_fault("argon2")
    if stored.startswith(("$apr1$", "{SHA}", "$1$")):
        return "is MD5 or SHA-1, which guess by the billion a second: make it anew with `htpasswd -B`"
    return "is neither bcrypt ($2b$…) nor argon2 ($argon2id$…)"


def fits(password: bytes, stored: str) -> bool:
    """Whether a password has this hash. Takes from 50 ms to seconds: only on a pool of threads."""
    if stored.startswith("$argon2"):
        return _fits_argon2(password, stored)
    return _fits_bcrypt(password, stored)


def _fits_bcrypt(password: bytes, stored: str) -> bool:
    import bcrypt  # noqa: PLC0415  # an extra: policies without passwords do without

    too_long = len(password) > MAX_BCRYPT_BYTES
    same = bcrypt.checkpw(password[:MAX_BCRYPT_BYTES], stored.encode())
    return same and not too_long


def _fits_argon2(password: bytes, stored: str) -> bool:
    import argon2  # noqa: PLC0415  # an extra

    try:
        return bool(argon2.PasswordHasher().verify(stored, password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _library_fault(name: str) -> str | None:
    if find_spec(name) is None:
        return f"needs the package {name}: pip install 'gateline[basic]'"
    return None
