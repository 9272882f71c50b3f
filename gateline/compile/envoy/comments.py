"""What the readable configuration explains, by key or by name; each is written once."""

from __future__ import annotations

from typing import Final

from gateline.compile.envoy import names


def head(policy: str) -> str:
    """The first lines of a compiled file."""
    return (
        f"Compiled from {policy}: change that, and write this file again with\n\n"
        f"    gateline compile envoy {policy} > envoy.yaml\n\n"
        f"Envoy carries the traffic; the sidecar (`gateline serve --config {policy}`) decides about each request.\n"
        "docs/envoy.md explains every part."
    )


COMMENTS: Final[dict[str, str]] = {
    "overload_manager": "Further connections are closed at once.",
    "route_config": "In the order in which Gateline itself looks for a route: exact, longer path, more conditions, id.",
    "context_extensions": "Names the policy by which Gateline judges the request.",
    "regex_rewrite": "Strips the route's path: /v2/users becomes /, /v2/users/7 becomes /7.",
    "retry_policy": (
        "Only what never reached the application is sent again (all methods idempotent: also what got no answer).\n"
        "per_try_idle_timeout is the read timeout: how long an upstream may be silent."
    ),
    "auto_host_rewrite": "Host becomes the upstream's.",
    "http_filters": "In the order in which they run.",
    "allowed_headers": "The headers that the policy may read. (Where it may read any, all are sent.)",
    "encode_raw_headers": "Gateline sees each header line as it was sent.",
    "failure_mode_allow": "When the sidecar is away or slow: true lets requests pass (shadow), false answers 503.",
    "remove_on_match": "Identity headers are ours: what a client sends under their names, in any spelling, is dropped.",
    "use_remote_address": "The client is who connects, or who stands `trusted_hops` before it in X-Forwarded-For.",
    "internal_address_config": "Nobody is internal: no client's x-envoy-* headers or request id are believed.",
    "normalize_path": "The path that is judged is the path that is forwarded; what can be read in two ways is 400.",
    "max_request_headers_kb": "Bounds on what one client may ask for.",
    "local_reply_config": (
        "Envoy's own answers as problems (RFC 9457). Gateline's denials are left as they are (ext_authz_denied)."
    ),
    "circuit_breakers": "Envoy's default, 1,024 requests at once, is a limit that nobody asked for.",
    "common_lb_config": "A server that failed its health checks gets nothing, even when all others did too.",
    "close_connections_on_host_health_failure": "A worker that hung does not get its old connections back.",
    "access_log": "Paths without queries, since those may hold credentials.",
}

NAMED: Final[dict[str, str]] = {
    names.UNMATCHED: "Gateline is asked about these too, and answers 404 itself (or allows: then this 404 holds).",
    names.FORWARDED_FOR: "Appends who connects, a loopback address too (which Envoy itself would replace).",
    names.EXT_AUTHZ: "Asks Gateline.",
    names.EXT_AUTHZ_SHADOW: "Asks for routes in shadow, and lets them pass whatever happens.",
    names.SIDECAR_CLUSTER: "The sidecar: one endpoint per worker process.",
}
