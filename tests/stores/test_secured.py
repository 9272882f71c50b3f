"""A store behind a password, a user's name or TLS: both clients get in with what is right, and say why they don't."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop

from gateline.effects import Take, TakeReply
from gateline.runtime.redis_address import RedisAddress, parse_url
from gateline.runtime.redis_blocking import BlockingRedis
from gateline.runtime.redis_store import RedisStore
from gateline.values.errors import UnavailableError
from tests.stores.asking import BUDGET_S, bucket, take
from tests.stores.valkey import running
from tests.wire.certificates import Certificates, make_certificates

SECRET = "h:us@h"
QUOTED = "h%3Aus%40h"
ACL = ("--user", "gate", "on", f">{SECRET}", "~gl:*", "+@all", "--requirepass", SECRET)


@pytest.fixture(scope="module")
def secured() -> Iterator[int]:
    """The port of one that wants a password, or the name of a user who may touch our keys alone."""
    with running(*ACL) as server:
        yield server.port


async def _charged(address: RedisAddress) -> TakeReply | str:
    """What a sidecar's store answers; why it is away where it is."""
    store = RedisStore(address, asyncio.get_running_loop(), BUDGET_S)
    try:
        if not await store.open():
            return store.not_ready()
        reply: TakeReply = await take(store, bucket("secured", (1000, 60)))
        return reply
    finally:
        store.close()


def _charged_by_a_command(address: RedisAddress) -> TakeReply | str:
    try:
        redis = BlockingRedis(address)
        try:
            return redis.take(Take((bucket("secured", (1000, 60)),), 1.0))
        finally:
            redis.close()
    except UnavailableError as error:
        return str(error)


def both(url: str) -> list[TakeReply | str]:
    """The answers of both clients."""
    address = parse_url(url)
    return [uvloop.run(_charged(address)), _charged_by_a_command(address)]


@pytest.mark.parametrize("who", [f":{QUOTED}", f"gate:{QUOTED}"], ids=["password", "user"])
def test_who_knows_the_password_is_let_in(secured: int, who: str) -> None:
    for answer in both(f"redis://{who}@127.0.0.1:{secured}/0"):
        assert isinstance(answer, TakeReply), answer
        assert answer.allowed


@pytest.mark.parametrize("who", ["", ":wrong@", f"nobody:{QUOTED}@"], ids=["none", "wrong", "nobody"])
def test_who_does_not_is_told_so_and_no_secret_is(secured: int, who: str) -> None:
    for answer in both(f"redis://{who}127.0.0.1:{secured}/0"):
        assert isinstance(answer, str)
        assert "NOAUTH" in answer or "WRONGPASS" in answer
        assert SECRET not in answer
        assert "wrong@" not in answer


@contextmanager
def tls_before(port: int, files: Certificates) -> Iterator[int]:
    """The port of a front that speaks TLS, as a store's own would: ours of the tests is built without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.private_key)
    loop = asyncio.new_event_loop()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)

        async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pour(reader, inner_writer), pour(inner_reader, writer), return_exceptions=True)

    listening = socket.create_server(("127.0.0.1", 0))
    server = loop.run_until_complete(asyncio.start_server(relay, sock=listening, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()


def test_tls_is_spoken_with_whom_the_machine_trusts_and_by_its_name(
    secured: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_certificates(tmp_path)
    with tls_before(secured, files) as port:
        url = f"rediss://gate:{QUOTED}@localhost:{port}/0"
        for answer in both(url):
            assert isinstance(answer, str)
            assert "CERTIFICATE_VERIFY_FAILED" in answer or "certificate verify failed" in answer, answer
        monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
        for answer in both(url):
            assert isinstance(answer, TakeReply), answer
        for answer in both(url.replace("localhost", "127.0.0.1")):
            assert isinstance(answer, str)
            assert "127.0.0.1" in answer
        for answer in both(url.replace("rediss", "redis")):
            assert isinstance(answer, str)
