"""Whose bucket it is, in a form that is safe in a store key: bounded, and without what a key gives a meaning.

The kind is part of the subject, so that a user called `203.0.113.9` has nothing to do with that address.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from functools import lru_cache

from gateline.values.identity import Identity

LONGEST = 96
_SAFE = re.compile(r"[A-Za-z0-9_.@/+-][A-Za-z0-9_.@:/+-]*", re.ASCII)


@lru_cache(maxsize=4096)
def safe(text: str) -> str:
    """The text itself where it is short and plain, else `~` and 128 bits of its BLAKE2b."""
    if len(text) <= LONGEST and _SAFE.fullmatch(text):
        return text
    return "~" + hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def of_address(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 address lies in: a customer has a whole one (RFC 6177), a site many."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "ip:" + safe(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"ip:{parsed.ipv4_mapped}"
        network = ipaddress.IPv6Address(int(parsed) >> 64 << 64)
        return f"ip:{network}/64"
    return f"ip:{parsed}"


def of_user(identity: Identity) -> str:
    """The user within the tenant."""
    if identity.tenant is None:
        return "user:" + safe(identity.user_id)
    return f"user:{safe(identity.tenant)}|{safe(identity.user_id)}"


def of_key(identity: Identity) -> str | None:
    """The API key, None where the identity came another way."""
    if identity.method != "api_key" or not identity.credential_id:
        return None
    return "key:" + safe(identity.credential_id)


def of_quota(identity: Identity) -> str:
    """Whose quota a request is: the key's where there is one, else the user's."""
    return of_key(identity) or of_user(identity)
