"""Both transports with grpcio as the client: the same handlers, the same answers, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from ext_authz.rpc import Call, Handler, Tls
from ext_authz.wire import Health
from tests.wire.certificates import make_certificates
from tests.wire.served import CHECK, Served, sample_handlers, served

TRANSPORTS = pytest.mark.parametrize("transport", ["wire", "grpcio"])
HEALTH_CHECK = "/grpc.health.v1.Health/Check"


def outcome(channel: grpc.Channel, path: str, message: bytes = b"abc", **options: Any) -> tuple[str, object]:
    """Status and answer or text of a call."""
    try:
        return "OK", channel.unary_unary(path)(message, timeout=options.pop("timeout", 5), **options)
    except grpc.RpcError as error:
        return error.code().name, error.details()  # type: ignore[attr-defined]


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "an answer at once": ("/test.Test/Echo", {}),
    "an empty message": ("/test.Test/Echo", {"message": b""}),
    "a large message": ("/test.Test/Echo", {"message": bytes(range(256)) * 8000}),
    "an answer later": ("/test.Test/Later", {}),
    "a refusal": ("/test.Test/Fails", {}),
    "a refusal later": ("/test.Test/FailsLater", {}),
    "a handler that raises": ("/test.Test/Raises", {}),
    "no answer before the deadline": ("/test.Test/Silent", {"timeout": 0.2}),
    "health": (HEALTH_CHECK, {"message": b""}),
    "health of a service": (HEALTH_CHECK, {"message": b"\x0a\x01a"}),
    "health of an unknown service": (HEALTH_CHECK, {"message": b"\x0a\x01b"}),
    "metadata of any kind": ("/test.Test/Echo", {"metadata": [("x-bin", b"\0\xff"), ("x-a", "b" * 500)]}),
}


@pytest.fixture(scope="module")
def channels() -> Any:
    """A channel to each transport."""
    with (
        served("wire", sample_handlers(), status=Health(("a",))) as ours,
        served("grpcio", sample_handlers(), status=Health(("a",))) as theirs,
        grpc.insecure_channel(ours.address) as to_ours,
        grpc.insecure_channel(theirs.address) as to_theirs,
    ):
        yield to_ours, to_theirs


@pytest.mark.parametrize(("path", "options"), CALLS.values(), ids=CALLS)
def test_both_transports_answer_the_same(
    channels: tuple[grpc.Channel, grpc.Channel], path: str, options: dict[str, Any]
) -> None:
    ours, theirs = (outcome(channel, path, **options) for channel in channels)
    if path == HEALTH_CHECK and ours[0] == "NOT_FOUND":
        ours, theirs = (ours[0], None), (theirs[0], None)  # the text is each library's own
    assert ours == theirs


@TRANSPORTS
def test_an_unknown_method_is_unimplemented(transport: str) -> None:
    with served(transport, sample_handlers()) as one, grpc.insecure_channel(one.address) as channel:
        assert outcome(channel, "/test.Test/Nothing")[0] == "UNIMPLEMENTED"
        assert outcome(channel, "/test.Nothing/Echo")[0] == "UNIMPLEMENTED"


@TRANSPORTS
def test_a_compressed_request_is_refused_or_read_and_never_misread(transport: str) -> None:
    with served(transport, sample_handlers()) as one, grpc.insecure_channel(one.address) as channel:
        got = outcome(channel, "/test.Test/Echo", b"a" * 500, compression=grpc.Compression.Gzip)
        refused = ("UNIMPLEMENTED", "compressed messages are not supported")
        assert got == (refused if transport == "wire" else ("OK", b"a" * 500))


@TRANSPORTS
def test_a_unix_socket(transport: str, tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with served(transport, sample_handlers(), f"unix:{path}") as one, grpc.insecure_channel(one.address) as channel:
        assert outcome(channel, "/test.Test/Echo") == ("OK", b"abc")
    assert not path.exists()


@TRANSPORTS
def test_a_port_in_use_is_an_oserror(transport: str) -> None:
    with served(transport, {}) as one, pytest.raises(OSError), served(transport, {}, one.address):  # noqa: PT011
        pass


@TRANSPORTS
def test_mutual_tls(transport: str, tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    tls = Tls(files.certificate, files.private_key, files.authority)
    with served(transport, sample_handlers(), tls=tls) as one:
        root = files.authority.read_bytes()
        pair = (files.private_key.read_bytes(), files.certificate.read_bytes())
        target = f"localhost:{one.address.rpartition(':')[2]}"
        known = grpc.ssl_channel_credentials(root, *pair)
        with grpc.secure_channel(target, known) as channel:
            assert outcome(channel, "/test.Test/Echo") == ("OK", b"abc")
        with grpc.secure_channel(target, grpc.ssl_channel_credentials(root)) as channel:
            assert outcome(channel, "/test.Test/Echo", timeout=3)[0] == "UNAVAILABLE"


def test_tls_without_h2_is_cut(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    with served("wire", {}, tls=Tls(files.certificate, files.private_key)) as one:
        context = ssl.create_default_context(cafile=str(files.authority))
        port = int(one.address.rpartition(":")[2])
        plain = socket.create_connection(("localhost", port), timeout=5)
        with context.wrap_socket(plain, server_hostname="localhost") as secure, contextlib.suppress(OSError):
            assert secure.recv(100) == b""


@TRANSPORTS
def test_a_cancelled_call_is_told(transport: str) -> None:
    cancelled = threading.Event()
    seen: list[float | None] = []

    def handler(_message: bytes, call: Call) -> None:
        seen.append(call.timeout_s)
        call.on_cancel(cancelled.set)

    with served(transport, {"/t.T/H": handler}) as one, grpc.insecure_channel(one.address) as channel:
        future = channel.unary_unary("/t.T/H").future(b"")
        while not seen:
            time.sleep(0.01)
        future.cancel()
        assert cancelled.wait(5)
        outcome(channel, "/t.T/H", timeout=0.3)
    assert seen[0] is None
    assert seen[1] == pytest.approx(0.3, abs=0.1)


@TRANSPORTS
def test_watch_tells_each_change(transport: str) -> None:
    health = Health(("a",))
    with served(transport, {}, status=health) as one, grpc.insecure_channel(one.address) as channel:
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch", response_deserializer=health_pb2.HealthCheckResponse.FromString
        )
        answers = watch(b"\x0a\x01a", timeout=10)
        assert next(answers).status == 1
        one.loop.call_soon_threadsafe(health.set, "a", False)
        assert next(answers).status == 2
        one.loop.call_soon_threadsafe(health.set, "a", True)
        assert next(answers).status == 1
        answers.cancel()
        unknown = watch(b"\x0a\x01u", timeout=10)
        assert next(unknown).status == 3
        unknown.cancel()


@TRANSPORTS
def test_the_handlers_run_on_the_loops_thread_one_at_a_time(transport: str) -> None:
    threads = set()

    def handler(message: bytes, _call: Call) -> bytes:
        threads.add(threading.get_ident())
        return message

    with served(transport, {"/t.T/H": handler}) as one, grpc.insecure_channel(one.address) as channel:
        futures = [channel.unary_unary("/t.T/H").future(b"%d" % number) for number in range(200)]
        assert [future.result(10) for future in futures] == [b"%d" % number for number in range(200)]
    assert len(threads) == 1


def slow(seconds: float) -> Handler:
    def handler(message: bytes, call: Call) -> None:
        asyncio.get_running_loop().call_later(seconds, call.answer, message)

    return handler


@TRANSPORTS
def test_draining_lets_running_calls_end_and_takes_no_more(transport: str) -> None:
    with served(transport, {"/t.T/Slow": slow(0.4)}) as one, grpc.insecure_channel(one.address) as channel:
        future = channel.unary_unary("/t.T/Slow").future(b"abc")
        time.sleep(0.15)
        begun = time.monotonic()
        drained = one.run(lambda: one.server.drain(5))
        assert future.result(5) == b"abc"
        drained.result(5)
        assert time.monotonic() - begun < 2
        assert outcome(channel, "/t.T/Slow", timeout=1)[0] in ("UNAVAILABLE", "DEADLINE_EXCEEDED")


@TRANSPORTS
def test_draining_ends_calls_that_outlast_the_grace(transport: str) -> None:
    with served(transport, {"/t.T/Slow": slow(30)}) as one, grpc.insecure_channel(one.address) as channel:
        future = channel.unary_unary("/t.T/Slow").future(b"abc")
        time.sleep(0.15)
        one.run(lambda: one.server.drain(0.2)).result(5)
        with pytest.raises(grpc.RpcError):
            future.result(5)


@TRANSPORTS
def test_reflection_lists_the_services(transport: str) -> None:
    from grpc_reflection.v1alpha import reflection_pb2

    reflected = ("grpc.health.v1.Health",)
    with (
        served(transport, sample_handlers(), reflected=reflected) as one,
        grpc.insecure_channel(one.address) as channel,
    ):
        info = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        answer = next(info(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=5))
        assert "grpc.health.v1.Health" in [service.name for service in answer.list_services_response.service]


def test_load_from_grpcio_trips_no_bound() -> None:
    def hammer(one: Served, count: int) -> list[tuple[str, object]]:
        with grpc.insecure_channel(one.address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            call: Callable[[bytes], Any] = channel.unary_unary(CHECK).future
            return [
                (future.code().name, None) for future in [call(bytes(500)) for _ in range(count)] if future.exception()
            ]

    with served("wire", sample_handlers()) as one:
        failed: list[tuple[str, object]] = []
        threads = [threading.Thread(target=lambda: failed.extend(hammer(one, 1000))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
