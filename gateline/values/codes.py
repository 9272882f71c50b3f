"""The one table of refusals: code, HTTP status, title, gRPC status. `docs/errors.md` is checked against it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Code(NamedTuple):
    """One row: `status` is HTTP's (RFC 9110), `grpc_status` gRPC's (grpc/doc/statuscodes.md)."""

    status: int
    title: str
    grpc_status: int


CODES: Final[dict[str, Code]] = {
    "malformed_request": Code(400, "The request is malformed", 3),
    "path_not_normal": Code(400, "The path is not in normal form", 3),
    "no_credentials": Code(401, "Credentials are required", 16),
    "invalid_token": Code(401, "The token or credential is not valid", 16),
    "token_expired": Code(401, "The token has expired", 16),
    "unknown_key": Code(401, "The API key is not known", 16),
    "key_inactive": Code(401, "The API key is not active", 16),
    "conflicting_credentials": Code(401, "The credentials name different users", 16),
    "insufficient_scope": Code(403, "The credentials lack a required scope", 7),
    "forbidden": Code(403, "Not allowed", 7),
    "no_route": Code(404, "No route matches", 12),
    "rate_limited": Code(429, "Too many requests", 8),
    "quota_exhausted": Code(429, "The quota is used up", 8),
    "dependency_unavailable": Code(503, "A dependency of the gateway is unavailable", 14),
    "unknown_route": Code(503, "The gateway has no policy of that name", 14),
    "internal_error": Code(503, "The gateway failed", 14),
}
