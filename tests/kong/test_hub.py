"""What a plugin may ask of the server: to wait for callbacks, to run blocking code, to know where it runs."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kong_plugins.runtime import hub
from tests.kong.driver.kong import KongSide
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.running import Running, ours, stock

PLUGIN = """
import threading, time
from kong_plugins.runtime import hub

version = "1.0.0"
priority = 900
Schema = ()


class Plugin:
    def __init__(self, config):
        self.mode = config["mode"]
        if self.mode == "in_init":
            self.value = hub.wait(lambda resolve, reject: hub.current().loop.call_later(0.01, resolve, "ready"))

    def access(self, kong):
        try:
            value = getattr(self, self.mode)(kong)
        except ValueError as error:
            value = f"raised {error}"
        kong.response.set_header("x-value", str(value))

    def where(self, kong):
        return "stock" if hub.current() is None else "ours"

    def at_once(self, kong):
        return hub.wait(lambda resolve, reject: resolve("now"))

    def later(self, kong):
        return hub.wait(lambda resolve, reject: hub.current().loop.call_later(0.02, resolve, "later"))

    def other_thread(self, kong):
        return hub.wait(lambda resolve, reject: threading.Thread(target=resolve, args=("thread",)).start())

    def rejected(self, kong):
        return hub.wait(lambda resolve, reject: hub.current().loop.call_soon(reject, ValueError("bad")))

    def twice(self, kong):
        def start(resolve, reject):
            hub.current().loop.call_soon(resolve, "first")
            hub.current().loop.call_soon(resolve, "second")
        return [hub.wait(start), kong.request.get_method()]

    def start_raises(self, kong):
        def start(resolve, reject):
            raise ValueError("at the start")
        return hub.wait(start)

    def pool(self, kong):
        return hub.in_pool(time.sleep, 0.3) or "slept"

    def pool_raises(self, kong):
        return hub.in_pool(int, "x")

    def remaining(self, kong):
        left = hub.remaining_s()
        return "none" if left is None else 0 < left <= 2

    def in_init(self, kong):
        return self.value
"""
BLOCKING = """
import time
from kong_plugins.runtime import hub

version = "1.0.0"
priority = 900
Schema = ()
blocking = True


class Plugin:
    def __init__(self, config):
        self.mode = config["mode"]

    def access(self, kong):
        if self.mode == "raises":
            raise ValueError("in a thread")
        if self.mode == "denies":
            kong.response.exit(403, b"no")
        time.sleep(5 if self.mode == "hangs" else 0.2)
        kong.response.set_header("x-value", kong.request.get_method())
        kong.response.set_header("x-wait", hub.wait(lambda resolve, reject: resolve("waited")))
"""


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("hub")
    (directory / "waits.py").write_text(PLUGIN, encoding="utf-8")
    (directory / "blocks.py").write_text(BLOCKING, encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def waiting(protocol: str, plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    options = ("--deadline", "2", "--pool-threads", "4")
    with ours(tmp_path_factory.mktemp(f"hub-{protocol}"), plugins, protocol, *options) as running:
        yield running


def value(kong: KongSide, mode: str) -> ClientView:
    return kong.request(SimRequest(), {"mode": mode}, "waits")


WAITS = {
    "where": "ours",
    "at_once": "now",
    "later": "later",
    "other_thread": "thread",
    "rejected": "raised bad",
    "twice": "['first', 'GET']",
    "start_raises": "raised at the start",
    "pool": "slept",
    "pool_raises": "raised invalid literal for int() with base 10: 'x'",
    "remaining": "True",
    "in_init": "ready",
}


@pytest.mark.parametrize("mode", WAITS)
def test_a_plugin_waits_for_what_happens_outside(mode: str, waiting: Running, protocol: str) -> None:
    """By callback, at once or later, from any thread, in its `__init__` too."""
    kong = KongSide(str(waiting.path), protocol)
    view = value(kong, mode)
    assert (view.status, view.header("x-value")) == (200, [WAITS[mode].encode()])
    kong.close()


def test_blocking_code_does_not_stop_the_others(waiting: Running, protocol: str) -> None:
    """While plugins sleep in the pool and in threads of their own, an event of another takes no longer."""
    threads = [
        threading.Thread(
            target=lambda: KongSide(str(waiting.path), protocol).request(SimRequest(), {"mode": "sleeps"}, "blocks")
        )
        for _ in range(3)
    ]
    kong = KongSide(str(waiting.path), protocol)
    value(kong, "where")
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    assert value(kong, "where").status == 200
    assert time.monotonic() - began < 0.1
    for thread in threads:
        thread.join()
    kong.close()


def test_a_blocking_plugin_runs_in_a_thread_like_any_other(waiting: Running, protocol: str) -> None:
    """PDK calls, `hub.wait`, exits, exceptions."""
    kong = KongSide(str(waiting.path), protocol)
    view = kong.request(SimRequest(), {"mode": "sleeps"}, "blocks")
    assert (view.status, view.header("x-value"), view.header("x-wait")) == (200, [b"GET"], [b"waited"])
    assert kong.request(SimRequest(), {"mode": "raises"}, "blocks").status == 500
    assert kong.request(SimRequest(), {"mode": "denies"}, "blocks").status == 403
    kong.close()


def test_a_full_pool_refuses_at_once(plugins: Path, tmp_path: Path, protocol: str) -> None:
    """One thread at work and eight waiting: the tenth has its 500 in a moment, the others at their deadline."""
    options = ("--deadline", "0.5", "--pool-threads", "1")
    with ours(tmp_path, plugins, protocol, *options) as running:
        kong = KongSide(str(running.path), protocol)
        kong.request(SimRequest(), {"mode": "denies"}, "blocks")
        seen: list[tuple[int, float]] = []

        def hang() -> None:
            own = KongSide(str(running.path), protocol)
            own.running = kong.running
            began = time.monotonic()
            seen.append((own.request(SimRequest(), {"mode": "hangs"}, "blocks").status, time.monotonic() - began))

        kong.request(SimRequest(), {"mode": "hangs"}, "blocks")  # starts the instance, and keeps the thread for 5 s
        threads = [threading.Thread(target=hang) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [status for status, _ in seen] == [500] * 12
        assert sum(took < 0.3 for _, took in seen) >= 3
        kong.close()


@pytest.mark.parametrize("option", [(), ("-g",)], ids=["threads", "gevent"])
def test_the_stock_server_runs_the_same_plugin(option: tuple[str, ...], plugins: Path, tmp_path: Path) -> None:
    """kong-pdk's own binary through the same driver; there `hub.current()` is None."""
    with stock(tmp_path, plugins, *option) as running:
        kong = KongSide(str(running.path), "msgpack")
        for mode, wanted in (("where", b"stock"), ("pool", b"slept"), ("remaining", b"none")):
            view = value(kong, mode)
            assert (view.status, view.header("x-value")) == (200, [wanted])
        kong.close()


def test_the_stock_server_lets_a_failed_plugin_pass(tmp_path: Path, faulty: Path) -> None:
    """As recorded; why there is a server of ours."""
    with stock(tmp_path, faulty) as running:
        kong = KongSide(str(running.path), "msgpack", read_timeout_s=0.2)
        view = kong.request(SimRequest(), {"mode": "raises_after"}, "faulty")
        assert (view.status, view.passed, view.errors) == (200, True, ["no data"])
        kong.close()


def test_outside_of_an_event_there_is_nobody_to_wait_for() -> None:
    """A clear error, not a hang."""
    assert hub.current() is None
    assert hub.remaining_s() is None
    with pytest.raises(RuntimeError, match="outside of an event"):
        hub.wait(lambda resolve, reject: resolve(1))
    assert json.loads(hub.in_pool(json.dumps, [1])) == [1]
