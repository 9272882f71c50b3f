"""Envoy's CheckRequest to a `Request`, and a `Decision` to a CheckResponse.

An answer is built from a refusal upwards: `CheckResponse{}` without a single byte means *allow* in Envoy.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from google.rpc import code_pb2, status_pb2

from ext_authz.pb.envoy.config.core.v3 import base_pb2
from ext_authz.pb.envoy.service.auth.v3 import attribute_context_pb2, external_auth_pb2
from gateline.values.codes import CODES
from gateline.values.decision import Allow, Decision, Deny, Reply, Unavailable
from gateline.values.headers import Headers, Pair, to_bytes
from gateline.values.request import Certificate, Request

ROUTE = "route"
_OVERWRITE = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_APPEND = base_pb2.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
_REFUSED_STATUS = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    503: code_pb2.UNAVAILABLE,
}


def request_of(message: external_auth_pb2.CheckRequest, now_unix_s: float) -> Request:
    """The request that Envoy asks about."""
    attributes = message.attributes
    http = attributes.request.http
    source = attributes.source
    headers = Headers(_pairs(http))
    return Request(
        method=http.method.decode("ascii", "surrogateescape"),
        target=http.path.decode("utf-8", "surrogateescape"),
        host=http.host.decode("utf-8", "surrogateescape"),
        headers=headers,
        peer=source.address.socket_address.address,
        now=now_unix_s,
        route=attributes.context_extensions.get(ROUTE),
        scheme=http.scheme.decode("ascii", "surrogateescape"),
        request_id=headers.first("x-request-id") or "",
        body=http.raw_body or http.body or None,
        certificate=_certificate(source) if source.certificate or source.principal else None,
    )


def _pairs(http: attribute_context_pb2.AttributeContext.HttpRequest) -> list[Pair]:
    """The headers, one pair per field line where Envoy has `encode_raw_headers`, else as its map joined them."""
    raw = http.header_map.headers
    if raw:
        return [(field.key, (field.raw_value or field.value).decode("utf-8", "surrogateescape")) for field in raw]
    return [(name, value.decode("utf-8", "surrogateescape")) for name, value in http.headers.items()]


def _certificate(source: attribute_context_pb2.AttributeContext.Peer) -> Certificate:
    return Certificate(pem=unquote(source.certificate), principal=source.principal)


def answer_of(decision: Decision, request: Request) -> bytes:
    """The CheckResponse's bytes."""
    if isinstance(decision, Allow):
        return _allow(decision)
    if isinstance(decision, Reply):
        return _denied(code_pb2.OK, decision.status, _options(decision.headers, _APPEND), decision.body)
    return _refuse(decision, request)


def _allow(decision: Allow) -> bytes:
    edits = decision.request_edits
    answer = external_auth_pb2.CheckResponse(
        status=status_pb2.Status(code=code_pb2.OK),
        ok_response=external_auth_pb2.OkHttpResponse(
            headers=_options(edits.set, _OVERWRITE),
            headers_to_remove=edits.remove,
            response_headers_to_add=_options(decision.response_headers, _OVERWRITE),
        ),
    )
    for name, value in decision.metadata.items():
        answer.dynamic_metadata[name] = value
    return bytes(answer.SerializeToString())


def _refuse(decision: Deny | Unavailable, request: Request) -> bytes:
    problem = decision.problem
    status = _REFUSED_STATUS.get(problem.status, code_pb2.PERMISSION_DENIED)
    if is_grpc(request):
        # Envoy itself makes the gRPC answer of a denied one; it only maps the status coarsely, so we set it.
        headers = (*decision.headers, ("grpc-status", str(CODES[problem.code].grpc_status)))
        body = problem.title.encode()
    else:
        headers = (*decision.headers, ("content-type", "application/problem+json"))
        body = problem.body(request.request_id)
    return _denied(status, problem.status, _options(headers, _OVERWRITE), body)


def is_grpc(request: Request) -> bool:
    """Whether the client speaks gRPC (grpc/doc/PROTOCOL-HTTP2.md: `application/grpc`, bare or with a suffix)."""
    kind = request.headers.first("content-type") or ""
    return kind.startswith("application/grpc") and kind[16:17] in ("", "+", ";")


def _denied(code: int, http_status: int, headers: list[base_pb2.HeaderValueOption], body: bytes) -> bytes:
    denied = external_auth_pb2.DeniedHttpResponse(headers=headers, body=body)
    denied.status.code = http_status
    # Anything but OK in `status` is a denial for Envoy; a reply of our own travels as one too.
    status = status_pb2.Status(code=code or code_pb2.ABORTED)
    return bytes(external_auth_pb2.CheckResponse(status=status, denied_response=denied).SerializeToString())


def _options(pairs: Iterable[Pair], action: base_pb2.HeaderValueOption.HeaderAppendAction) -> list[base_pb2.HeaderValueOption]:
    """Header edits; a name that comes twice is appended from the second time on."""
    options: list[base_pb2.HeaderValueOption] = []
    seen: set[str] = set()
    for name, value in pairs:
        how = _APPEND if name in seen else action
        seen.add(name)
        option = base_pb2.HeaderValueOption(append_action=how)
        option.header.key = name
        option.header.raw_value = to_bytes(value)
        # Both, since an Envoy before 1.27 knows only `append`.
        option.append.value = how == _APPEND
        options.append(option)
    return options
