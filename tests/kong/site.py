"""A plugin server with our plugins, and Kong before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from gateline.authn.key_model import hash_of
from tests.cases_support.keyring import PEPPER, keyring
from tests.kong.driver.kong import KongSide
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.running import BINARIES, Running, ours, stock

PLUGINS = Path(__file__).resolve().parents[2] / "kong_plugins"
KEY = "gl_alicekey_AliceAliceAliceAliceAliceAlice01"
ALICE = {"id": "0b4a1a0e-7d3f-4c5a-9d62-3a0b8f6f1c11", "username": "alice", "custom_id": "c-1"}
ENTRY = {"id": "key-1", "prefix": "alicekey", "hash": hash_of(KEY, PEPPER), "user_id": "alice", "scopes": ["read"]}
# Our server over both protocols; the stock one with threads, with gevent, and with its default way of returning.
KINDS = ("protobuf", "msgpack", "threads", "gevent", "lua_style")


def start(kind: str, folder: Path) -> AbstractContextManager[Running]:
    """A running server of one kind."""
    if kind in ("protobuf", "msgpack"):
        return ours(folder, PLUGINS, kind)
    return _lua_style(folder) if kind == "lua_style" else stock(folder, PLUGINS, *(["-g"] if kind == "gevent" else []))


@contextmanager
def _lua_style(folder: Path) -> Iterator[Running]:
    binary = str(BINARIES / "kong-python-pluginserver")
    command = [binary, "-d", str(PLUGINS), "-p", str(folder), "--socket-name", "s"]
    server = Running(command, folder / "s", folder / "log")
    try:
        yield server
    finally:
        server.end()


class Site:
    """A server with our plugins, and Kong before it."""

    def __init__(self, server: Running, protocol: str, folder: Path) -> None:
        self.server = server
        self.protocol = protocol
        self.folder = folder
        self.kong = KongSide(str(server.path), protocol, consumers=[ALICE], upstreams=["stable", "canary"])

    def ask(self, plugin: str, config: dict[str, Any], *headers: tuple[str, str], **more: Any) -> ClientView:
        pairs = [(b"host", b"api.example.com"), *((name.encode(), value.encode()) for name, value in headers)]
        sim = SimRequest(headers=pairs, nginx_vars={"kong_request_id": b"r-1"}, **more)
        view = self.kong.request(sim, config, plugin)
        assert not view.endless
        return view

    def keys(self, **more: Any) -> dict[str, Any]:
        return {"keys": [ENTRY], "pepper_file": str(self.folder / ".gateline/pepper"), **more}

    def tokens(self, **more: Any) -> dict[str, Any]:
        return {
            "issuer": "https://auth.example.com",
            "audience": ["api.example.com"],
            "jwks_file": str(self.folder / ".gateline/jwks.json"),
            **more,
        }


@contextmanager
def site_of(kind: str, folder: Path) -> Iterator[Site]:
    """A site, until the end of the `with`."""
    keyring().write(folder / ".gateline")
    with start(kind, folder) as server:
        found = Site(server, "protobuf" if kind == "protobuf" else "msgpack", folder)
        yield found
        found.kong.close()


def calls(view: ClientView) -> list[str]:
    """The PDK calls, without what all names begin with."""
    return [name.removeprefix("kong.") for name, _ in view.pdk_calls]


def problem(view: ClientView) -> dict[str, Any]:
    """The body of a refusal."""
    assert view.header("content-type") == [b"application/problem+json"], view
    return dict(json.loads(view.body))
