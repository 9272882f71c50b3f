"""What Kong makes of a path: the form in which it routes (RFC 3986 §6.2.2, and more decoded), and that it forwards."""

from __future__ import annotations

import re

_RESERVED = b"!*'();:@&=+$,/?%#[]"
_TRIPLET = re.compile(rb"%([0-9A-Fa-f]{2})")
_FORWARDED = re.compile(rb"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")


def normalised(path: bytes) -> bytes:
    """As `kong.request.get_path` gives it."""
    decoded = _TRIPLET.sub(_decode, path)
    out: list[bytes] = []
    for segment in re.findall(rb"/[^/]*", decoded):
        if segment == b"/..":
            out = out[:-1]
        elif segment not in (b"/", b"/."):
            out.append(segment)
    ends_in_slash = decoded.endswith((b"/", b"/.", b"/.."))
    return b"".join(out) + (b"/" if ends_in_slash else b"") or b"/"


def forwarded(path: bytes) -> bytes:
    """A normalised path as the upstream gets it."""
    return _FORWARDED.sub(lambda found: b"%%%02X" % found[0][0], path)


def _decode(found: re.Match[bytes]) -> bytes:
    byte = bytes.fromhex(found[1].decode())
    return found[0].upper() if byte in _RESERVED else byte
