"""The bodies of Envoy's own answers. Mappers are asked in order and the first one that fits writes the body.

Gateline's denials are local replies too, with `ext_authz_denied` as their detail: each mapper leaves them alone. gRPC
clients get Envoy's own short message as `grpc-message`, and no JSON.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy_data_plane.envoy.config.accesslog.v3 import AccessLogFilter, ExtensionFilter
from envoy_data_plane.envoy.config.core.v3 import (
    DataSource,
    HeaderValue,
    HeaderValueOption,
    HeaderValueOptionHeaderAppendAction,
    SubstitutionFormatString,
)
from envoy_data_plane.envoy.extensions.access_loggers.filters.cel.v3 import ExpressionFilter
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    LocalReplyConfig,
    ResponseMapper,
)
from envoy_data_plane.google.protobuf import Any, Struct

from gateline.compile.problems import PROXY_PROBLEMS
from gateline.values.codes import CODES

_AWAY = 'response.code_details == "ext_authz_error"'
_NOT_OURS = 'response.code_details != "ext_authz_denied"'
_GRPC = 'request.headers["content-type"].startsWith("application/grpc")'


def local_replies() -> LocalReplyConfig:
    """Every mapper, in order."""
    return LocalReplyConfig(mappers=list(_mappers()))


def _mappers() -> Iterator[ResponseMapper]:
    away = "dependency_unavailable"
    yield _mapper(f"{_AWAY} && {_GRPC}", _text(CODES[away].title), retry_after=True)
    yield _mapper(f"{_NOT_OURS} && {_GRPC}", _text("%LOCAL_REPLY_BODY%"))
    yield _mapper(_AWAY, _problem(away, CODES[away].title), retry_after=True)
    # A mutation that Envoy refuses (`validate_mutations`) is a fault of ours.
    invalid = _mapper(
        'response.code_details == "ext_authz_invalid"', _problem("internal_error", CODES["internal_error"].title)
    )
    invalid.status_code = 503
    yield invalid
    path = "path_not_normal"
    yield _mapper('response.code_details == "path_normalization_failed"', _problem(path, CODES[path].title))
    for status, (code, title) in PROXY_PROBLEMS.items():
        yield _mapper(f"response.code == {status} && {_NOT_OURS}", _problem(code, title))


def _mapper(expression: str, body: SubstitutionFormatString, *, retry_after: bool = False) -> ResponseMapper:
    cel = ExtensionFilter(
        name="envoy.access_loggers.extension_filters.cel",
        typed_config=Any.pack(ExpressionFilter(expression=expression)),
    )
    mapper = ResponseMapper(filter=AccessLogFilter(extension_filter=cel), body_format_override=body)
    if retry_after:
        mapper.headers_to_add = [
            HeaderValueOption(
                header=HeaderValue(key="retry-after", value="1"),
                append_action=HeaderValueOptionHeaderAppendAction.ADD_IF_ABSENT,
            )
        ]
    return mapper


def _text(message: str) -> SubstitutionFormatString:
    return SubstitutionFormatString(text_format_source=DataSource(inline_string=message))


def _problem(code: str, title: str) -> SubstitutionFormatString:
    document = {
        "type": f"urn:gateline:problem:{code}",
        "title": title,
        "status": "%RESPONSE_CODE%",
        "code": code,
        "request_id": "%REQ(X-REQUEST-ID)%",
    }
    return SubstitutionFormatString(json_format=Struct.from_dict(document), content_type="application/problem+json")
