"""Files that `htpasswd -B` writes: `user:hash`, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from gateline.authn.password.hashes import hash_fault


class HtpasswdError(ValueError):
    """A line that can't be used; the message names its number and never its content."""


def read_htpasswd(raw: bytes) -> Iterator[tuple[str, str]]:
    """User and hash of each line; `#` begins a comment."""
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise HtpasswdError("is not UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        user, colon, stored = line.partition(":")
        if not colon or not user:
            raise HtpasswdError(f"line {number} is not of the form user:hash")
        if fault := hash_fault(stored.strip()):
            raise HtpasswdError(f"line {number}: the hash {fault}")
        yield user, stored.strip()
