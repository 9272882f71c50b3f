"""A `Decision` to the bytes of Envoy's CheckResponse.

An answer is built from a refusal upwards: `CheckResponse{}` without a single byte means *allow* in Envoy.
"""

from __future__ import annotations

from google.rpc import code_pb2

from ext_authz.encode import APPEND, OVERWRITE, field, header_options, integer, struct
from ext_authz.limit_fields import RESPONSE_HEADERS, limit_fields
from gateline.values.codes import CODES
from gateline.values.decision import Allow, Decision, Deny, Reply, RequestEdits, Unavailable
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Pair
from gateline.values.request import Request

_REFUSED_STATUS = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    503: code_pb2.UNAVAILABLE,
}


def answer_of(decision: Decision, request: Request) -> bytes:
    """The CheckResponse's bytes."""
    if isinstance(decision, Allow):
        edits, metadata = decision.request_edits, decision.metadata
        answer = edits.encoded or _edits(edits)
        if metadata is not None:
            answer += metadata.encoded or _metadata(metadata)
        if decision.limits is not None or decision.response_headers:
            # A second ok_response: parsers merge the two (a rule of the encoding).
            answer += field(3, _told(decision))
        return answer
    if isinstance(decision, Reply):
        return _denied(code_pb2.ABORTED, decision.status, decision.headers, APPEND, decision.body)
    return _refuse(decision, request)


def _edits(edits: RequestEdits) -> bytes:
    """ok_response (3): headers (2), headers_to_remove (5)."""
    removed = b"".join(field(5, name.encode()) for name in edits.remove)
    edits.encoded = field(1, b"") + field(3, header_options(2, edits.set, OVERWRITE) + removed)
    return edits.encoded


def _metadata(route: FoundRoute) -> bytes:
    """dynamic_metadata (4)."""
    route.encoded = field(4, struct((("route", route.id),)))
    return route.encoded


def _told(decision: Allow) -> bytes:
    """response_headers_to_add (6)."""
    limits, headers = decision.limits, decision.response_headers
    told = b"" if limits is None else limit_fields(limits)
    return told + header_options(RESPONSE_HEADERS, headers, OVERWRITE) if headers else told


def _refuse(decision: Deny | Unavailable, request: Request) -> bytes:
    problem = decision.problem
    status = _REFUSED_STATUS.get(problem.status, code_pb2.PERMISSION_DENIED)
    if request.is_grpc:
        # Envoy itself makes the gRPC answer of a denied one; it only maps the status coarsely, so we set it.
        headers = (*decision.headers, ("grpc-status", str(CODES[problem.code].grpc_status)))
        body = problem.title.encode()
    else:
        headers = (*decision.headers, ("content-type", "application/problem+json"))
        body = problem.body(request.request_id)
    return _denied(status, problem.status, headers, OVERWRITE, body)


def _denied(code: int, http_status: int, headers: tuple[Pair, ...], action: bytes, body: bytes) -> bytes:
    """status (1) {code (1)} and denied_response (2): status (1) {code (1)}, headers (2), body (3).

    Any status but OK is a denial for Envoy; a reply of our own travels as one too.
    """
    denied = field(1, integer(1, http_status)) + header_options(2, headers, action) + field(3, body)
    return field(1, integer(1, code)) + field(2, denied)
