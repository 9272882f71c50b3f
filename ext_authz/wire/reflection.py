"""Server reflection on our own transport, so that grpcurl and its like can list and describe the services.

The answers are made by grpcio-reflection; it is imported only when a server reflects. Version 1 and v1alpha differ in
their package's name alone: the same bytes serve both.
"""

from __future__ import annotations

from collections.abc import Sequence

from ext_authz.rpc import Receiver, RpcError, Status, StreamingCall, StreamingHandlers

_METHOD = "ServerReflectionInfo"
SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def reflection_streams(services: Sequence[str]) -> StreamingHandlers:
    """The reflection service's method; the generated modules of `services` must be imported."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from grpc_reflection.v1alpha import reflection, reflection_pb2  # noqa: PLC0415  # never in a process that only serves

    servicer = reflection.ReflectionServicer(services)

    class Reflecting:
        """One stream of questions."""

        def __init__(self, call: StreamingCall) -> None:
            self._call = call

        def message(self, message: bytes) -> None:
            """Answer a question."""
            try:
                question = reflection_pb2.ServerReflectionRequest.FromString(message)
            except DecodeError as error:
                raise RpcError(Status.INVALID_ARGUMENT, "not a ServerReflectionRequest") from error
            for answer in servicer.ServerReflectionInfo(iter((question,)), None):
                self._call.send(answer.SerializeToString())

        def half_closed(self) -> None:
            """No more questions."""
            self._call.finish()

        def cancelled(self) -> None:
            """Nobody listens any more."""

    def begin(call: StreamingCall) -> Receiver:
        return Reflecting(call)

    return {f"/{service}/{_METHOD}": begin for service in SERVICES}
