"""The whole PDK for one request: functions by name, with the phases that Kong checks where a plugin may meet them."""

from collections.abc import Callable

from tests.kong.driver.lua import LuaError
from tests.kong.driver.pdk_change import ChangePart, to_lua
from tests.kong.driver.pdk_request import RequestPart
from tests.kong.driver.request import SimRequest

ONLY_IN = {
    "kong.log.serialize": {"log"},
    "kong.response.exit": {"rewrite", "access", "response"},
    "kong.service.request.set_header": {"rewrite", "access"},
    "kong.service.response.get_status": {"response", "log"},
    "kong.service.response.get_headers": {"response", "log"},
    "kong.service.response.get_raw_body": {"response", "log"},
    "kong.client.authenticate": {"access"},
    "kong.service.set_upstream": {"access"},
}


class Pdk:
    """The functions for one request; each call is kept."""

    def __init__(self, sim: SimRequest, consumers: list[dict[str, object]], upstreams: set[str]) -> None:
        self.change = ChangePart(sim, consumers, upstreams)
        self.phase = "access"
        entities: dict[str, Callable[..., object]] = {
            "kong.router.get_route": lambda: to_lua(sim.route),
            "kong.router.get_service": lambda: to_lua(sim.service),
        }
        self._functions = {**RequestPart(sim).functions(), **self.change.functions(), **entities}
        self.calls: list[tuple[str, tuple[object, ...]]] = []

    def has(self, name: str) -> bool:
        """Whether the function exists."""
        return name in self._functions

    def call(self, name: str, arguments: tuple[object, ...]) -> object:
        """Its first result; raises LuaError and Exit."""
        self.calls.append((name, arguments))
        if self.phase not in ONLY_IN.get(name, {self.phase}):
            raise LuaError(f"function cannot be called in {self.phase} phase")
        try:
            return self._functions[name](*arguments)
        except TypeError as error:
            raise LuaError(f"{name}: {error}") from error
