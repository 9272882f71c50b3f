"""A method of somebody else's: a class or function named by the policy, or by an installed package.

`class: 'mymod:Class'` is imported, or read from `mymod.py` beside the gateway file; a bare name is one of the entry
points of the group `gateline.authentication`. A class is called with `options`; what comes of it, and a plain function,
is called with the request's `Context` and gives an outcome, or is a generator of effects that returns one. Code that
blocks yields `InPool(function, within_s)`. An exception, or anything that is no outcome, is 503: never a way in.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from importlib.metadata import entry_points
from types import GeneratorType, ModuleType
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateline.authn.method import MethodConfig, MethodParts, Outcome
from gateline.context import Context
from gateline.effects import Effects
from gateline.schema.secret import Sources
from gateline.values.decision import Unavailable, unavailable
from gateline.values.errors import ConfigError
from gateline.values.identity import Identity, NotMine, Refused
from gateline.values.request import Needs

GROUP = "gateline.authentication"
OUTCOMES = (Identity, Refused, NotMine, Unavailable)
ClassName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.-]*(:[A-Za-z_][\w.]*)?$")]
Authenticate = Callable[[Context], Any]


class Config(MethodConfig):
    """`{name: badge, method: custom, class: 'badge:Badge', options: {header: x-badge}}`."""

    method: Literal["custom"]
    class_name: Annotated[ClassName, Field(alias="class")]
    options: dict[str, Any] = {}
    """What the class is called with, by name."""
    body: bool = False
    """Whether it reads the body, which a compiled proxy then waits for."""

    @property
    def proxy_needs(self) -> Needs:
        """Everything, and the body where it is asked for: the class is not looked at without its secrets."""
        return Needs(headers="all", query=True, body=self.body, client_address=True, certificate=True)

    def build(self, parts: MethodParts) -> CustomMethod:
        """The method; what its author's code raises here is a fault of the configuration."""
        method = self._made(_found(self.class_name, parts.sources))
        if method.needs.body and not self.body:
            raise ConfigError.at(("class",), f"`{self.class_name}` reads the body: say so with `body: true`")
        return method

    def _made(self, found: Any) -> CustomMethod:
        if not callable(found):
            raise ConfigError.at(("class",), f"names no class and no function: `{self.class_name}`")
        if not isinstance(found, type):
            if self.options:
                raise ConfigError.at(("options",), f"`{self.class_name}` is a function, which takes no options")
            return CustomMethod(self, found, found)
        try:
            made = found(**self.options)
        except Exception as error:
            raise ConfigError.at(("options",), f"`{self.class_name}` does not take them: {error}") from error
        authenticate = getattr(made, "authenticate", None)
        if not callable(authenticate):
            raise ConfigError.at(("class",), f"`{self.class_name}` has no method `authenticate`")
        return CustomMethod(self, made, authenticate)


class CustomMethod:
    """Holds somebody else's method to the contract."""

    def __init__(self, config: Config, made: object, authenticate: Authenticate) -> None:
        self.name = config.name
        self.challenge: str = getattr(made, "challenge", "")
        needs = getattr(made, "needs", config.proxy_needs)
        if not isinstance(needs, Needs):
            raise ConfigError.at(("class",), f"`{config.class_name}` has `needs` of {type(needs).__name__}, not Needs")
        self.needs = needs | Needs(body=config.body)
        self._authenticate = authenticate

    def authenticate(self, context: Context) -> Outcome | Generator[Effects, Any, Outcome]:
        """The outcome, under the tag of custom methods."""
        outcome = self._authenticate(context)
        if isinstance(outcome, GeneratorType):
            return self._asked(outcome)
        return self._checked(outcome)

    def _asked(self, asking: Generator[Effects, Any, Any]) -> Generator[Effects, Any, Outcome]:
        outcome = yield from asking
        return self._checked(outcome)

    def _checked(self, outcome: Any) -> Outcome:
        if not isinstance(outcome, OUTCOMES):
            return unavailable("internal_error", f"returned {type(outcome).__name__}, which is no outcome")
        if isinstance(outcome, Identity) and outcome.method != "custom":
            return replace(outcome, method="custom", memo={})
        return outcome


def _found(class_name: str, sources: Sources) -> Any:
    module_name, colon, path = class_name.partition(":")
    try:
        if not colon:
            return _entry_point(class_name)
        found: Any = _module(module_name, sources)
        for part in path.split("."):
            found = getattr(found, part)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError.at(("class",), f"`{class_name}` can't be had: {type(error).__name__}: {error}") from error
    return found


def _entry_point(name: str) -> Any:
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        hint = ", ".join(sorted(known)) or "no package gives any"
        raise ConfigError.at(("class",), f"names no entry point of {GROUP}: `{name}`; there are: {hint}")
    return known[name].load()


def _module(name: str, sources: Sources) -> ModuleType:
    """The module; a file beside the policy goes before what is installed, and is read anew with each policy."""
    file = sources.path(f"{name.replace('.', '/')}.py")
    if not file.is_file():
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(f"gateline_custom.{name}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} can't be read")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and the like look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
