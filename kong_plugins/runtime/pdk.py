"""The `kong` object that a plugin gets: `kong.request.get_header("x")` becomes one call of the event that runs.

The tree of names is made once per server, because an event's few calls would else spend most of their time on making
objects. What a plugin sets on its `kong` stays with that event.
"""

from collections.abc import Callable
from typing import Any

from greenlet import getcurrent

from kong_plugins.protocol.errors import UnknownMethodError

ROOTS = (
    "client",
    "cluster",
    "ctx",
    "ip",
    "log",
    "nginx",
    "node",
    "plugin",
    "request",
    "response",
    "router",
    "service",
    "vault",
)
_MOST_NAMES = 512


class Function:
    """A dotted name of Kong's PDK, and the call of it; `find` says how a name travels, or raises UnknownMethodError."""

    def __init__(self, name: str, find: Callable[[str], Any]) -> None:
        self.__dict__.update(_name=name, _find=find, _method=None)

    def __getattr__(self, part: str) -> "Function":
        if part.startswith("__"):
            raise AttributeError(part)
        child = Function(f"{self._name}.{part}", self._find)
        if len(self.__dict__) < _MOST_NAMES:
            self.__dict__[part] = child
        return child

    def __setattr__(self, part: str, value: object) -> None:
        raise AttributeError(
            f"{self._name}.{part} belongs to Kong, and to every request: set it with kong.ctx.shared.set"
        )

    def __call__(self, *arguments: object) -> Any:
        event = getattr(getcurrent(), "event", None)
        if event is None:
            raise RuntimeError(f"{self._name} is called outside of the event that it belongs to")
        method = self._method
        if method is None:
            try:
                method = self.__dict__["_method"] = self._find(self._name)
            except UnknownMethodError as error:
                event.fault(error)
        return event.call(method, arguments)

    def __repr__(self) -> str:
        return f"<{self._name} of Kong's PDK>"


def kong_class(find: Callable[[str], Any]) -> type:
    """The class of the `kong` objects of one server; each event makes its own."""
    root = Function("kong", find)

    def __getattr__(self: object, part: str) -> Function:  # noqa: N807
        del self
        return root.__getattr__(part)

    def call(self: object, *arguments: object) -> Any:
        del self
        return root(*arguments)

    members: dict[str, object] = {part: getattr(root, part) for part in ROOTS}
    return type("Kong", (), {**members, "__getattr__": __getattr__, "__call__": call})
