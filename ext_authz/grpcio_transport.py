"""Serve handlers with grpcio's sync server; `--transport grpcio`, and the port of the streaming services.

grpcio calls us on threads of its pool, but a handler runs on the one event loop only. So a pool thread leaves its call
in an inbox and sleeps on a lock; the loop empties the inbox in one callback, however many calls came, and opens each
call's lock as it ends. The sync server costs less CPU than grpcio's aio server whatever the handler does.
"""

from __future__ import annotations

import asyncio
import logging
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ext_authz.rpc import Handler, Handlers, RpcError, Status, Tls
from ext_authz.wire.health import Health

_LOG = logging.getLogger(__name__)
_NO_DEADLINE_S = 10 * 365 * 86400.0  # grpcio gives a call without a deadline one that lies centuries ahead
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}

# Adds a servicer of generated code (a streaming service, say) to the server before it starts.
Register = Callable[[grpc.Server], None]


class GrpcioCall:
    """One call: made on a pool thread, which sleeps in `wait`; everything else happens on the loop's thread."""

    __slots__ = ("_cancelled", "_done", "_ended", "_loop", "code", "context", "details", "handler", "message", "reply")

    def __init__(
        self, message: bytes, context: grpc.ServicerContext, handler: Handler, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.message = message
        self.context = context
        self.handler = handler
        self.reply: bytes | None = None
        self.code = Status.OK
        self.details = ""
        self._loop = loop
        self._ended = False
        self._cancelled: list[Callable[[], None]] = []
        self._done = allocate_lock()
        self._done.acquire()

    @property
    def timeout_s(self) -> float | None:
        """Seconds left until the peer's deadline, None when it named none."""
        left_s: float | None = self.context.time_remaining()
        return left_s if left_s is not None and left_s < _NO_DEADLINE_S else None

    def answer(self, message: bytes) -> None:
        """End the call with this message and status OK."""
        if not self._ended:
            self._ended = True
            self.reply = message
            self._done.release()

    def fail(self, status: Status, message: str) -> None:
        """End the call with an error."""
        if not self._ended:
            self._ended = True
            self.code = status
            self.details = message
            self._done.release()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back once if the peer cancels or its connection ends before the answer."""
        self._cancelled.append(callback)

    def run(self) -> None:
        """Let the handler answer, or wait for its answer or the call's end."""
        try:
            reply = self.handler(self.message, self)
        except RpcError as error:
            self.fail(error.status, error.message)
        except Exception:  # noqa: BLE001  # a failed call must not end the server
            _LOG.exception("handler failed")
            self.fail(Status.INTERNAL, "internal error")
        else:
            if reply is not None:
                self.answer(reply)
            elif not self._ended and not self.context.add_callback(self._context_ended):
                self._cancel()

    def wait(self) -> bytes | None:
        """Sleep until the call has ended, then return its answer; on the pool thread."""
        self._done.acquire()
        return self.reply

    def _context_ended(self) -> None:  # on one of grpcio's threads, after an answer too
        if not self._ended:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._ended:
            return
        self.fail(Status.CANCELLED, "")
        for callback in self._cancelled:
            callback()


class _Bridge:
    """The way from grpcio's threads to the loop: one inbox, one wake-up however many calls lie in it."""

    __slots__ = ("_inbox", "_loop", "_waking")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._inbox: deque[GrpcioCall] = deque()
        self._waking = False

    def method(self, handler: Handler) -> Any:
        """grpcio's handler for one unary method, bytes both ways."""

        def behaviour(message: bytes, context: grpc.ServicerContext) -> bytes | None:
            call = GrpcioCall(message, context, handler, self._loop)
            self._inbox.append(call)
            if not self._waking:
                self._waking = True
                self._loop.call_soon_threadsafe(self._run_inbox)
            reply = call.wait()
            if reply is None:
                context.abort(_CODES[call.code], call.details)
            return reply

        return grpc.unary_unary_rpc_method_handler(behaviour)

    def _run_inbox(self) -> None:
        # Cleared before the inbox is read: a call that comes later than our last look wakes the loop again.
        self._waking = False
        inbox = self._inbox
        while inbox:
            inbox.popleft().run()


class GrpcioServer:
    """A running grpcio server."""

    def __init__(self, server: grpc.Server, address: str, status: Health) -> None:
        self._server = server
        self._health = status
        self.address = address

    async def drain(self, grace_s: float) -> None:
        """Take no new call, let the running ones end for `grace_s` seconds, then close."""
        self._health.set_all(False)
        # The loop goes on meanwhile: the calls that grpcio waits for are answered on it.
        await asyncio.to_thread(self._server.stop(grace_s).wait)
        _, _, path = self.address.partition("unix:")
        if path:
            Path(path).unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop at once; running calls are cancelled."""
        await self.drain(0)


async def serve(
    handlers: Handlers,
    listen: str,
    *,
    status: Health | None = None,
    tls: Tls | None = None,
    threads: int = 16,
    max_message_bytes: int = 4 * 1024 * 1024,
    reflected: Sequence[str] = (),
    register: Sequence[Register] = (),
) -> GrpcioServer:
    """Serve `handlers` on `listen` (HOST:PORT or unix:PATH) with health and reflection, on the running loop.

    `reflected` names the services that reflection lists: their generated modules must be imported. `register` adds
    generated servicers, which run on grpcio's threads. A call that waits keeps one of `threads`; more of them cost more
    CPU, since they contend for the interpreter. Raises OSError when the address cannot be had.
    """
    status = status or Health()
    server = grpc.server(
        ThreadPoolExecutor(threads, "grpcio"),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", max_message_bytes)],
    )
    bridge = _Bridge(asyncio.get_running_loop())
    for service, methods in _by_service(handlers).items():
        rpcs = {method: bridge.method(handler) for method, handler in methods.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, rpcs),))
    for add in register:
        add(server)
    _add_health(server, status)
    reflection.enable_server_reflection((*reflected, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    address = _bind(server, listen, tls)
    server.start()
    return GrpcioServer(server, address, status)


def _by_service(handlers: Handlers) -> Mapping[str, Mapping[str, Handler]]:
    services: dict[str, dict[str, Handler]] = {}
    for path, handler in handlers.items():
        _, service, method = path.split("/")
        services.setdefault(service, {})[method] = handler
    return services


def _add_health(server: grpc.Server, status: Health) -> None:
    servicer = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    states = health_pb2.HealthCheckResponse

    def mirror(service: str, serving: bool) -> None:
        servicer.set(service, states.SERVING if serving else states.NOT_SERVING)

    status.watch(mirror)


def _bind(server: grpc.Server, listen: str, tls: Tls | None) -> str:
    try:
        port = server.add_secure_port(listen, _credentials(tls)) if tls else server.add_insecure_port(listen)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {listen}") from error
    return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    pair = (tls.private_key.read_bytes(), tls.certificate.read_bytes())
    client_ca = tls.client_ca.read_bytes() if tls.client_ca else None
    return grpc.ssl_server_credentials([pair], client_ca, require_client_auth=client_ca is not None)
