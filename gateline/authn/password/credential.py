"""The credential of the Basic scheme (RFC 7617): base64 of `user:password`."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from gateline.authn.password.hashes import MAX_PASSWORD_BYTES

MAX_LENGTH = 4096
MAX_USER_LENGTH = 256


class Credential(NamedTuple):
    """User and password; the password never leaves as text."""

    user: str
    password: bytes

    def __repr__(self) -> str:
        return f"Credential({self.user!r})"


def read_credential(text: str) -> Credential | str:
    """The credential, or why it is none. The first colon parts: a password may hold more of them (RFC 7617 §2)."""
    if len(text) > MAX_LENGTH:
        return "is too long"
    try:
        raw = base64.b64decode(text, validate=True)
        if base64.b64encode(raw).decode() != text:
            return "is no canonical base64"
        user, colon, password = raw.decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return "is no base64 of UTF-8"
    if not colon:
        return "has no colon"
    if not 0 < len(user) <= MAX_USER_LENGTH:
        return "has a user that is empty or too long"
    if any(char < " " or char == "\x7f" for char in f"{user}{password}"):
        # RFC 7617 §2: neither may hold control characters.
        return "has a control character"
    if not user.isprintable():
        return "has a user that is not printable"
    secret = password.encode()
    return Credential(user, secret) if len(secret) <= MAX_PASSWORD_BYTES else "has a password that is too long"
