"""The fault table, row by row and for both protocols: no request passes, none is repeated, the next one is fine."""

import signal
import threading
import time
from pathlib import Path

import pytest

from tests.kong.conftest import DEADLINE_S
from tests.kong.driver.kong import KongSide, bytewise
from tests.kong.driver.lua import Exit
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.running import Running, ours

KEY = [(b"x-api-key", b"secret")]


def ask(kong: KongSide, mode: str, sim: SimRequest | None = None) -> ClientView:
    return kong.request(sim or SimRequest(headers=KEY), {"mode": mode}, "faulty")


def later_requests_are_fine(kong: KongSide) -> None:
    for _ in range(3):
        view = ask(kong, "key")
        assert (view.status, view.passed, view.retries) == (200, True, 0)
        assert view.upstream is not None
        assert view.upstream.header("x-user") == [b"alice"]
    assert ask(kong, "key", SimRequest()).status == 401


AT_ONCE = (
    "raises",
    "raises_after",
    "raises_closed",
    "exits_process",
    "bad_argument",
    "bad_argument_caught",
    "bad_text",
    "unknown_method",
    "pdk_error",
    "init_raises",
    "init_exits",
)
IN_TIME = ("hangs", "hangs_after", "spins", "spins_after", "blocks")


@pytest.mark.parametrize("mode", AT_ONCE)
def test_a_plugin_that_fails_is_a_500_at_once(mode: str, server: Running, protocol: str) -> None:
    """Whatever a plugin does wrong, and whatever it catches, the client has its 500 in a moment."""
    kong = KongSide(str(server.path), protocol, read_timeout_s=5)
    began = time.monotonic()
    view = ask(kong, mode)
    assert (view.status, view.passed, view.endless, view.retries) == (500, False, False, 0)
    assert time.monotonic() - began < DEADLINE_S * 0.8
    later_requests_are_fine(kong)
    kong.close()


@pytest.mark.parametrize("mode", IN_TIME)
def test_a_plugin_that_hangs_is_a_500_at_its_deadline(mode: str, server: Running, protocol: str) -> None:
    """Waiting, spinning, sleeping and blocking plugins are ended at their deadline, long before Kong's timeout."""
    kong = KongSide(str(server.path), protocol, read_timeout_s=5)
    began = time.monotonic()
    view = ask(kong, mode)
    assert (view.status, view.passed, view.endless) == (500, False, False)
    assert DEADLINE_S * 0.8 < time.monotonic() - began < 2
    later_requests_are_fine(kong)
    kong.close()


def test_what_protobuf_lacks_is_a_500_that_names_the_way_out(server: Running, protocol: str) -> None:
    """A PDK call that Kong has not in ProtoBuf:1 works over MsgPack:1 and is a clear fault else."""
    kong = KongSide(str(server.path), protocol)
    view = ask(kong, "missing_method")
    assert (view.status, view.passed) == (500, False) if protocol == "protobuf" else (200, True)
    if protocol == "protobuf":
        assert server.wrote("kong.request.get_start_time cannot be called over ProtoBuf:1: start the server with")
    kong.close()


@pytest.mark.parametrize("mode", ["exit_then_call", "exit_swallowed"])
def test_nothing_happens_after_an_exit(mode: str, server: Running, protocol: str) -> None:
    """`exit` unwinds the plugin: the client has its answer, and no later call reaches Kong."""
    kong = KongSide(str(server.path), protocol)
    view = ask(kong, mode)
    assert (view.status, view.body, view.passed, len(view.pdk_calls)) == (403, b"no", False, 1)
    later_requests_are_fine(kong)
    kong.close()


def test_any_byte_of_a_header_is_read_and_written_as_it_is(server: Running, protocol: str) -> None:
    """A byte that is no UTF-8 neither breaks the server nor changes."""
    kong = KongSide(str(server.path), protocol)
    value = bytes(range(33, 127)) + bytes(range(128, 256))
    view = ask(kong, "copies", SimRequest(headers=[(b"x-a", value)]))
    assert view.upstream is not None
    assert (view.upstream.header("x-copy"), view.header("x-read")) == ([value], [value.hex().encode()])
    kong.close()


def test_a_body_of_any_bytes_goes_through(server: Running, protocol: str) -> None:
    """8 kB, with every byte."""
    kong = KongSide(str(server.path), protocol)
    body = bytes(range(256)) * 32
    view = ask(kong, "body", SimRequest(body=body))
    assert view.upstream is not None
    assert view.upstream.body == body
    kong.close()


def test_bytes_may_come_one_by_one(server: Running, protocol: str) -> None:
    """Half a length, half a payload: the server waits for the rest."""
    kong = KongSide(str(server.path), protocol, cut=bytewise)
    later_requests_are_fine(kong)
    kong.close()


def test_an_unknown_instance_is_started_once_again(server: Running, protocol: str) -> None:
    """After a restart Kong uses an id that the new server never gave: one new start, then the right answer."""
    kong = KongSide(str(server.path), protocol)
    assert ask(kong, "key").status == 200
    for found in kong.running._by_key.values():
        found.id = 7
    view = ask(kong, "key", SimRequest())
    assert (view.status, view.passed, view.retries) == (401, False, 1)
    later_requests_are_fine(kong)
    kong.close()


def test_a_log_plugin_that_fails_ends_its_event(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Kong repeats a log event without end when the connection closes; the server ends it like any other."""
    phases = {"logging-one": ["log"]}
    with ours(tmp_path, faulty, protocol, "--deadline", "0.2") as running:
        kong = KongSide(str(running.path), protocol, phases=phases)
        for mode in ("raise", "exit", "quiet"):
            view = kong.request(SimRequest(), {"mode": mode}, "logging-one")
            assert (view.status, view.endless) == (200, False)
        assert running.wrote("[logging-one] log: RuntimeError: boom in the log")
        later_requests_are_fine(kong)
        kong.close()


GARBAGE = {
    "protobuf": [b"\x05\0\0\0\xff\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x02\0\0\0\x08\x01"],
    "msgpack": [
        b"\xc1",
        b"\x94\x00\x01\xa1x\x90",
        b"\x80",
        b"\x94\x00\x01\xb2plugin.HandleEvent\x91\x80",
        b"\x93\x00\x01\x02",
    ],
}


def test_what_is_no_message_is_never_answered_with_silence(server: Running, protocol: str) -> None:
    """Kong would wait for its timeout, or go on: bad bytes get an answer that Kong turns into a 500."""
    kong = KongSide(str(server.path), protocol)
    for data in GARBAGE[protocol]:
        connection = kong.pool.take()
        connection.send([data])
        assert connection.read() != b""
        connection.close()
    connection = kong.pool.take()
    connection.send([b"\x05\0\0" if protocol == "protobuf" else b"\x94\x00"])  # and no more, ever
    assert connection.read() != b""
    connection.close()
    later_requests_are_fine(kong)
    kong.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_server_is_refused_and_then_back(number: int, tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Killed: 500 over ProtoBuf:1; over MsgPack:1 Kong lets it pass, and the fence stops it; then right again."""
    with ours(tmp_path, faulty, protocol) as running:
        kong = KongSide(str(running.path), protocol)
        assert ask(kong, "key").status == 200
        running.end(number)
        assert _fenced(kong).status == (500 if protocol == "protobuf" else 503)
        running.start()
        assert ask(kong, "key", SimRequest()).status == 401
        later_requests_are_fine(kong)
        kong.close()


def _fenced(kong: KongSide) -> ClientView:
    def fence(pdk: Pdk) -> None:
        if not pdk.change.shared:
            raise Exit(503, b"fence", {})

    return kong.run(SimRequest(headers=KEY), [("faulty", {"mode": "key"})], fence)


def test_a_server_that_dies_during_an_event_does_not_let_it_pass(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Over ProtoBuf:1 Kong tries again, finds nobody and says 500; over MsgPack:1 the fence has to."""
    with ours(tmp_path, faulty, protocol) as running:
        kong = KongSide(str(running.path), protocol)
        view = kong.run(SimRequest(), [("faulty", {"mode": "dies"})], _stop)
        assert (view.passed, view.endless) == (False, False)
        assert view.status == (500 if protocol == "protobuf" else 503)
        running.process.wait()
        running.start()
        later_requests_are_fine(kong)
        kong.close()


def _stop(pdk: Pdk) -> None:
    raise Exit(503, b"fence", {})


def test_a_stopped_server_is_a_500_at_kongs_timeout(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """SIGSTOP: nothing of ours answers; ProtoBuf:1 fails closed, MsgPack:1 needs the fence; then it is right again."""
    with ours(tmp_path, faulty, protocol) as running:
        kong = KongSide(str(running.path), protocol, read_timeout_s=0.2)
        assert ask(kong, "key").status == 200
        running.send(signal.SIGSTOP)
        view = _fenced(kong)
        assert (view.status, view.passed) == (500 if protocol == "protobuf" else 503, False)
        running.send(signal.SIGCONT)
        time.sleep(0.1)
        if protocol == "msgpack":
            ask(kong, "key")  # the late answer meets this message: Kong says 500 once
        later_requests_are_fine(kong)
        kong.close()


def test_an_instance_that_starts_after_kong_has_hung_up_is_nobodys(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """Kong's timeout is a 500; the late start breaks nothing, and the next request starts another one."""
    with ours(tmp_path, faulty, protocol) as running:
        kong = KongSide(str(running.path), protocol, read_timeout_s=0.05)
        assert ask(kong, "init_waits").status == 500
        kong.close()
        patient = KongSide(str(running.path), protocol, read_timeout_s=5)
        assert ask(patient, "init_waits").status == 200
        patient.close()
        running.end()
        assert "Traceback" not in running.text()


def test_events_run_side_by_side_on_one_instance(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """While one event waits, others of the same instance go on, each with its own request."""
    with ours(tmp_path, faulty, protocol) as running:
        _side_by_side(running, protocol)


def _side_by_side(server: Running, protocol: str) -> None:
    kong = KongSide(str(server.path), protocol)
    ask(kong, "copies", SimRequest(headers=[(b"x-a", b"0")]))
    seen: dict[int, object] = {}

    def many(number: int) -> None:
        own = KongSide(str(server.path), protocol)
        own.running = kong.running
        value = str(number).encode()
        for _ in range(50):
            view = own.request(SimRequest(headers=[(b"x-a", value)]), {"mode": "copies"}, "faulty")
            seen[number] = view.upstream is not None and view.upstream.header("x-copy") == [value]
            if not seen[number]:
                break
        own.close()

    threads = [threading.Thread(target=many, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == dict.fromkeys(range(8), True)
    kong.close()


def test_a_traceback_is_written_once_with_the_plugins_name(tmp_path: Path, faulty: Path, protocol: str) -> None:
    """The same fault a hundred times is one traceback."""
    with ours(tmp_path, faulty, protocol) as running:
        kong = KongSide(str(running.path), protocol)
        for _ in range(100):
            ask(kong, "raises")
        kong.close()
        running.end()
        text = running.text()
    assert text.count("Traceback") == 1
    assert "[faulty] access: RuntimeError: boom" in text
