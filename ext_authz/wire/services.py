"""Which handler takes a request, by its head; resolved once for each head that a connection remembers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ext_authz.rpc import Handlers, Status, StreamingHandlers
from ext_authz.wire import responses
from ext_authz.wire.refused import RefusedStream
from ext_authz.wire.stream import Accept
from ext_authz.wire.streaming import StreamingStream
from ext_authz.wire.unary import UnaryCall

if TYPE_CHECKING:
    from ext_authz.wire.head import Head

_GRPC = b"application/grpc"


class Services:
    """The unary and streaming methods of a server."""

    def __init__(self, handlers: Handlers, streaming: StreamingHandlers) -> None:
        self._unary = {path.encode(): handler for path, handler in handlers.items()}
        self._streaming = {path.encode(): handler for path, handler in streaming.items()}

    def resolve(self, head: Head) -> Accept:
        """What makes the stream of a request with this head."""
        refusal = self._refusal(head)
        if refusal is not None:
            return Accept(partial(RefusedStream, head, *refusal))
        unary = self._unary.get(head.path)
        if unary is not None:
            call = partial(UnaryCall, unary, head)
            return Accept(call, call if head.content_length is None else None)
        streaming = self._streaming.get(head.path)
        if streaming is not None:
            return Accept(partial(StreamingStream, streaming, head))
        text = f"unknown method {head.path.decode('ascii', 'replace')}"
        return Accept(partial(RefusedStream, head, responses.trailers_only(Status.UNIMPLEMENTED, text[:300]), b""))

    def _refusal(self, head: Head) -> tuple[bytes, bytes] | None:
        """The header block and text that answer a request that no method would take (gRPC over HTTP/2, "Requests")."""
        if head.method != b"POST":
            return responses.http_error(405), b"gRPC calls are POST requests\n"
        if not _is_grpc(head.content_type):
            return responses.http_error(415), b"gRPC calls have the content-type application/grpc\n"
        if head.too_large:
            return responses.trailers_only(Status.RESOURCE_EXHAUSTED, "header list too large"), b""
        if head.encoding != b"identity":
            return responses.trailers_only(Status.UNIMPLEMENTED, "compressed messages are not supported"), b""
        return None


def _is_grpc(content_type: bytes) -> bool:
    # Alone, or with a subtype or parameter; whether it is protobuf is the handler's matter.
    return content_type.startswith(_GRPC) and content_type[len(_GRPC) : len(_GRPC) + 1] in (b"", b"+", b";")
