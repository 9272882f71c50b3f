"""The answers that a compiled proxy gives by itself, as problems of the same form as the policy's (RFC 9457).

These codes are the proxy's; where one of the policy's says the same, it is used. `docs/envoy.md` lists them.
"""

from __future__ import annotations

from typing import Final

from gateline.values.codes import CODES

# HTTP status of the proxy's own answer → code and title.
PROXY_PROBLEMS: Final[dict[int, tuple[str, str]]] = {
    400: ("malformed_request", CODES["malformed_request"].title),
    403: ("upgrade_refused", "The connection can't be upgraded"),
    404: ("no_route", CODES["no_route"].title),
    408: ("request_timeout", "The request took too long to arrive"),
    413: ("body_too_large", "The body is too large"),
    431: ("headers_too_large", "The headers are too large"),
    500: ("internal_error", CODES["internal_error"].title),
    502: ("upstream_failed", "The upstream's answer could not be read"),
    503: ("upstream_unavailable", "The upstream is unavailable"),
    504: ("upstream_timeout", "The upstream did not answer in time"),
}
