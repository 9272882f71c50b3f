"""Plugins that fail in every way that a plugin can, as files for a server to load."""

from pathlib import Path

FAULTY = """
import gc, os, socket, sys, time
from kong_plugins.runtime import hub

version = "1.0.0"
priority = 900
Schema = ({"mode": {"type": "string"}},)


class Plugin:
    def __init__(self, config):
        self.mode = config.get("mode")
        if self.mode == "init_raises":
            raise ValueError("no such key file")
        if self.mode == "init_exits":
            sys.exit(3)
        if self.mode == "init_waits":
            hub.in_pool(lambda: time.sleep(0.15))

    def access(self, kong):
        getattr(self, self.mode)(kong)

    def key(self, kong):
        if kong.request.get_header("x-api-key") != "secret":
            return kong.response.exit(401, b"no", {"x-why": "key"})
        kong.service.request.set_header("x-user", "alice")

    init_waits = key

    def raises(self, kong):
        raise RuntimeError("boom")

    def raises_after(self, kong):
        kong.request.get_method()
        raise RuntimeError("boom after a call")

    def raises_closed(self, kong):
        raise RuntimeError("closed: no plugin instance #1")

    def exits_process(self, kong):
        kong.request.get_method()
        sys.exit(0)

    def bad_argument(self, kong):
        kong.service.request.set_header("x-a", object())

    def bad_argument_caught(self, kong):
        try:
            kong.response.exit(403, object())
        except Exception:
            pass

    def bad_text(self, kong):
        kong.service.request.set_header("x-a", "\\ud800")

    def unknown_method(self, kong):
        try:
            kong.request.get_nothing()
        except Exception:
            pass

    def missing_method(self, kong):
        kong.request.get_start_time()

    def pdk_error(self, kong):
        kong.service.set_target("127.0.0.1", 700000)

    def hangs(self, kong):
        hub.wait(lambda resolve, reject: None)

    def hangs_after(self, kong):
        kong.request.get_method()
        hub.wait(lambda resolve, reject: None)

    def spins(self, kong):
        while True:
            pass

    def spins_after(self, kong):
        kong.request.get_method()
        while True:
            try:
                time.sleep(10)
            except Exception:
                pass

    def blocks(self, kong):
        left, right = socket.socketpair()
        left.recv(1)

    def exit_then_call(self, kong):
        kong.response.exit(403, b"no")
        kong.service.request.set_header("x-user", "alice")

    def exit_swallowed(self, kong):
        try:
            kong.response.exit(403, b"no")
        except BaseException:
            pass
        kong.service.request.set_header("x-user", "alice")

    def copies(self, kong):
        value = kong.request.get_header("x-a")
        kong.service.request.set_header("x-copy", value)
        kong.response.set_header("x-read", value.encode("utf-8", "surrogateescape").hex())

    def body(self, kong):
        kong.service.request.set_raw_body(kong.request.get_raw_body(0))

    def dies(self, kong):
        kong.request.get_method()
        os.kill(os.getpid(), 9)

    def collects(self, kong):
        hub.in_pool(gc.collect)

    def objects(self, kong):
        kong.response.set_header("x-objects", len(gc.get_objects()))
"""

LOGGING = """
version = "1.0.0"
priority = 10
Schema = ({"mode": {"type": "string"}},)


class Plugin:
    def __init__(self, config):
        self.mode = config.get("mode")

    def log(self, kong):
        if self.mode == "exit":
            kong.response.exit(500)
        kong.response.get_status()
        if self.mode == "raise":
            raise RuntimeError("boom in the log")
"""


def write(directory: Path) -> Path:
    """The plugins `faulty` and `logging-one`, in a directory of their own."""
    plugins = directory / "plugins"
    plugins.mkdir()
    (plugins / "faulty.py").write_text(FAULTY, encoding="utf-8")
    (plugins / "logging-one.py").write_text(LOGGING, encoding="utf-8")
    return plugins
