"""A decision as PDK calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from gateline.values.codes import CODES
from gateline.values.decision import Deny, Reply, Unavailable
from gateline.values.headers import Headers, Pair
from gateline.values.request import Request
from kong_plugins.adapter.request import KongRequest
from kong_plugins.adapter.told import told


def refuse(kong: Any, decision: Deny | Unavailable, request: KongRequest) -> None:
    """End the request with a problem, and ask for what only a refusal needs: its id, and whether this is gRPC."""
    if not request.reading.headers:
        request.headers = Headers([("content-type", told(kong.request.get_header("content-type")) or "")])
    name(kong, request)
    exit_with(kong, decision, request)


def name(kong: Any, request: Request) -> None:
    """Give the request its id, which nobody needs before it is refused or logged."""
    if not request.request_id:
        request.request_id = told(kong.nginx.get_var("kong_request_id")) or ""


def exit_with(kong: Any, decision: Deny | Unavailable, request: Request) -> None:
    """End the request with a problem (RFC 9457). Nothing may be asked of Kong after it."""
    problem = decision.problem
    if request.is_grpc:
        # Trailers alone (grpc/doc/PROTOCOL-HTTP2.md): status 200, and gRPC's own in the header.
        told_client = (
            ("content-type", "application/grpc"),
            ("grpc-status", str(CODES[problem.code].grpc_status)),
            ("grpc-message", quote(problem.title)),
        )
        kong.response.exit(200, b"", table((*decision.headers, *told_client)))
        return
    headers = table((*decision.headers, ("content-type", "application/problem+json")))
    kong.response.exit(problem.status, problem.body(request.request_id), headers)


def reply(kong: Any, decision: Reply) -> None:
    """End the request with the policy's own answer."""
    kong.response.exit(decision.status, decision.body, table(decision.headers))


def edit(kong: Any, headers: Iterable[Pair], remove: Iterable[str], response_headers: Iterable[Pair]) -> None:
    """Set and remove headers of the request, and set those of the response."""
    for name in remove:
        told(kong.service.request.clear_header(name))
    if found := table(headers):
        told(kong.service.request.set_headers(found))
    if found := table(response_headers):
        told(kong.response.set_headers(found))


def table(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Headers as Kong takes them: a name with its value, or with the list of its values."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        known = found.get(name)
        if known is None:
            found[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            found[name] = [known, value]
    return found
