"""A path in normal form (RFC 3986 §6.2.2): the one that every hop behind us reads the same way."""

from __future__ import annotations

import re

from gateline.context import Context
from gateline.values.decision import Deny, deny

# Escapes of unreserved characters (RFC 3986 §6.2.2.2): ALPHA, DIGIT and - . _ ~ stand for themselves.
_UNRESERVED = r"2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aA]|5[fF]|6[1-9a-fA-F]|7[0-9aA]|7[eE]"
_FAULTS = re.compile(
    r"(?P<doubled>//)"
    r"|(?P<dots>/\.{1,2}(?=/|\Z))"
    r"|(?P<parameter>;)"
    r"|(?P<backslash>\\)"
    r"|(?P<fragment>\#)"
    r"|(?P<control>[\x00-\x20\x7f])"
    r"|(?P<encoded_slash>%(?:2[fF]|5[cC]))"
    r"|(?P<encoded_control>%(?:[01][0-9a-fA-F]|7[fF]))"
    rf"|(?P<encoded_unreserved>%(?:{_UNRESERVED}))"
    r"|(?P<invalid_escape>%(?![0-9a-fA-F]{2}))"
)


# Nearly every path holds these alone, and no dot or slash behind a slash; a search for faults costs ten times as much.
_PLAIN = re.compile(r"/[A-Za-z0-9._~!$&'()*+,=:@/-]*").fullmatch


def fault_of(path: str) -> str | None:
    """The first way in which a path is not in normal form, None where it is."""
    if _PLAIN(path) and "//" not in path and "/." not in path:
        return None
    if path[:1] != "/":
        return "does not begin with a slash"
    found = _FAULTS.search(path)
    return f"{(found.lastgroup or '').replace('_', ' ')} at {found.start()}" if found else None


def check_path(context: Context) -> Deny | None:
    """Split the target's path from its query, and refuse the request unless the path is in normal form."""
    context.path = context.request.target.partition("?")[0]
    fault = fault_of(context.path)
    return deny("path_not_normal", fault) if fault else None
