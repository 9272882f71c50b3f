"""Kong's side of the plugin protocols, as recorded from Kong 3.9.3: what a client gets, what an upstream receives.

    kong = KongSide(socket_path, "protobuf", read_timeout_s=2.0)
    view = kong.request(SimRequest(headers=[(b"x-api-key", b"secret")]), {"mode": "key"}, "probe")
    assert view.status == 200 and view.passed

It differs from Kong in this: the router, the balancer and the bundled plugins are not there (their results are given
by the request); `log.serialize` gives a stub; the order of a table's keys is Python's; the log phase runs before
`request` returns; an endless retry ends after `MAX_RETRIES` with `ClientView.endless`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tests.kong.driver.instances import RunningInstances
from tests.kong.driver.lua import Exit, LuaError, table, to_json
from tests.kong.driver.msgpack_rpc import MsgPackRpc
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.pdk_change import header_values, replace_header
from tests.kong.driver.pool import Pool
from tests.kong.driver.protobuf_rpc import ProtoBufRpc, RetryError
from tests.kong.driver.request import ClientView, Pairs, SimRequest

MAX_RETRIES = 10
UNEXPECTED = b'{"message":"An unexpected error occurred"}'
JSON = b"application/json; charset=utf-8"
Plugins = Sequence[tuple[str, Mapping[str, object]]]


def whole(data: bytes) -> list[bytes]:
    """One send for each piece, as Kong does it."""
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    """One send a byte."""
    return [data[at : at + 1] for at in range(len(data))]


class KongSide:
    """One worker of Kong: its pools (one a socket), its instances, its RPC objects (one a plugin)."""

    def __init__(
        self,
        socket_path: str,
        protocol: str,
        *,
        read_timeout_s: float = 2.0,
        consumers: Iterable[Mapping[str, object]] = (),
        upstreams: Iterable[str] = (),
        phases: Mapping[str, Sequence[str]] | None = None,
        cut: Callable[[bytes], list[bytes]] = whole,
        sockets: Mapping[str, str] | None = None,
    ) -> None:
        self.pool = Pool(socket_path, read_timeout_s)
        self._pools = {name: Pool(path, read_timeout_s) for name, path in (sockets or {}).items()}
        self.running = RunningInstances()
        self._make = ProtoBufRpc if protocol == "protobuf" else MsgPackRpc
        self._rpcs: dict[str, ProtoBufRpc | MsgPackRpc] = {}
        self._consumers = [dict(consumer) for consumer in consumers]
        self._upstreams = set(upstreams)
        self._phases = phases or {}
        self._cut = cut

    def close(self) -> None:
        """The worker ends."""
        for pool in (self.pool, *self._pools.values()):
            pool.close()

    def request(self, sim: SimRequest, config: Mapping[str, object], plugin: str) -> ClientView:
        """One request on a route with one plugin."""
        return self.run(sim, [(plugin, config)])

    def run(self, sim: SimRequest, plugins: Plugins, fence: Callable[[Pdk], None] | None = None) -> ClientView:
        """One request on a route with these plugins, by priority; `fence` stands for a post-function."""
        run = _Run(self, Pdk(replace(sim), self._consumers, self._upstreams), sim)
        run.walk([(name, identified(name, config)) for name, config in plugins], fence)
        return run.view()

    def phases_of(self, plugin: str) -> Sequence[str]:
        """As the plugin's dump says; the access phase where nothing is known."""
        return self._phases.get(plugin, ("access",))

    def event(self, plugin: str, config: dict[str, object], phase: str, run: "_Run") -> None:
        """One event. Raises LuaError, Exit, EndlessError."""
        rpc = self._rpcs.get(plugin)
        if rpc is None:
            rpc = self._rpcs[plugin] = self._make(self._pools.get(plugin, self.pool), self._cut)
        run.pdk.phase = phase
        for _ in range(MAX_RETRIES):
            try:
                rpc.handle_event(self.running, plugin, config, phase, run.pdk, run.errors)
            except RetryError:
                run.retries += 1
                continue
            return
        raise EndlessError


class EndlessError(Exception):
    """Kong would try again for ever."""


def identified(plugin: str, config: Mapping[str, object]) -> dict[str, object]:
    """The configuration with the ids that Kong adds, unless the test has given them."""
    given = dict(config)
    given.setdefault("__plugin_id", f"{plugin}:{sorted(given.items(), key=str)}")
    given.setdefault("__seq__", 1)
    return given


class _Run:
    """One request on its way through the phases."""

    def __init__(self, kong: KongSide, pdk: Pdk, sim: SimRequest) -> None:
        self.kong, self.pdk, self.sim = kong, pdk, sim
        self.errors: list[str] = []
        self.retries = 0
        self.endless = False
        self.status = 0
        self.body = b""
        self.headers: Pairs = []
        self.passed = False

    def walk(self, plugins: list[tuple[str, dict[str, object]]], fence: Callable[[Pdk], None] | None) -> None:
        """All phases."""
        ended = self._phase("rewrite", plugins) or self._phase("access", plugins) or self._fence(fence)
        if not ended:
            self.passed = True
            self.status, self.body = self.sim.upstream_status, self.sim.upstream_body
            self.headers = list(self.sim.upstream_headers)
            self._phase("response", plugins)
        self._log_phase(plugins)

    def view(self) -> ClientView:
        """What became of it."""
        change = self.pdk.change
        headers = list(self.headers)
        for name in dict.fromkeys(key for key, _ in change.response):
            replace_header(headers, name, [value for key, value in change.response if key == name])
        shared = {
            key.decode("utf-8", "surrogateescape"): value
            for key, value in change.shared.items()
            if isinstance(key, bytes)
        }
        consumer = change.consumer if isinstance(change.consumer, dict) else None
        return ClientView(
            status=change.response_status or self.status,
            headers=headers,
            body=self.body,
            upstream=change.upstream if self.passed else None,
            pdk_calls=self.pdk.calls,
            errors=self.errors,
            shared=shared,
            consumer=consumer,  # type: ignore[arg-type]
            retries=self.retries,
            endless=self.endless,
        )

    def _fence(self, fence: Callable[[Pdk], None] | None) -> bool:
        if fence is None:
            return False
        self.pdk.phase = "access"
        return self._guarded(lambda: fence(self.pdk))

    def _phase(self, phase: str, plugins: list[tuple[str, dict[str, object]]]) -> bool:
        """Whether the request has ended."""
        return any(
            self._guarded(lambda name=name, config=config: self._event(name, config, phase))  # type: ignore[misc]
            for name, config in plugins
            if phase in self.kong.phases_of(name)
        )

    def _event(self, name: str, config: dict[str, object], phase: str) -> None:
        self.kong.event(name, config, phase, self)

    def _guarded(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except Exit as end:
            self._end(end.status, end.body, end.headers)
        except LuaError as error:
            self.errors.append(str(error))
            self._end(500, UNEXPECTED, {b"Content-Type": JSON})
        except EndlessError:
            self.endless = True
            self._end(0, b"", {})
        else:
            return False
        return True

    def _end(self, status: int, body: object, headers: Mapping[object, object]) -> None:
        self.status = status
        for name, value in headers.items():
            replace_header(self.headers, name, header_values(name, value))  # type: ignore[arg-type]
        if isinstance(body, dict | list):
            body = to_json(table(body))
            if not any(name.lower() == b"content-type" for name, _ in self.headers):
                replace_header(self.headers, b"Content-Type", [JSON])
        self.body = body if isinstance(body, bytes) else b""

    def _log_phase(self, plugins: list[tuple[str, dict[str, object]]]) -> None:
        for name, config in plugins:
            if "log" in self.kong.phases_of(name):
                try:
                    self._event(name, config, "log")
                except (LuaError, Exit) as error:
                    self.errors.append(f"log: {error}")
                except EndlessError:
                    self.endless = True
