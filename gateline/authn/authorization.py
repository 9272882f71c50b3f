"""The `Authorization` header (RFC 9110 §11.6.2): one scheme, one credential."""

from __future__ import annotations

from collections.abc import Sequence

from gateline.values.identity import Refused


def credential_of(values: Sequence[str], scheme: str) -> str | Refused | None:
    """What stands behind a scheme (lower-case), None where the header is absent or of another scheme.

    Two of the header are refused: a proxy and an application might each take another one of them.
    """
    if not values:
        return None
    if len(values) > 1:
        return Refused("malformed_request", f"{len(values)} authorization headers")
    found, _, credential = values[0].partition(" ")
    mine = found.lower() == scheme
    if "," in credential and (mine or _joined(credential, scheme)):
        # No scheme of ours has a comma in its credential: a proxy joined two headers into one (RFC 9110 §5.3).
        return Refused("malformed_request", "several credentials in one authorization header")
    return credential.strip(" ") if mine else None


def _joined(credential: str, scheme: str) -> bool:
    """Whether one of our scheme was appended to another's."""
    return any(part.strip().lower().startswith(f"{scheme} ") for part in credential.split(",")[1:])
