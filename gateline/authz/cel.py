"""Conditions in CEL (Common Expression Language), checked when the policy is loaded.

An expression that names an unknown attribute, compares what can't be compared, or is no condition is refused then. One
that fails on a request (a claim that is not there, a number that is text) holds for nobody: only `true` is true.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from gateline.authz.attributes import ATTRIBUTES, Attribute, as_cel, headers_named
from gateline.context import Context
from gateline.recent import Recent
from gateline.values.request import Needs

if TYPE_CHECKING:
    from cel_expr_python import cel

MAX_LENGTH = 4096
REMEMBERED = 2000
_TEXT = r"""(?:[rRbB]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
_IN_CONTAINER = " (in container '')"
_STRING = re.compile(_TEXT)
_NAME = re.compile(r"(?<![\w.])(?:request|source|connection|identity)(?:\s*\.\s*[A-Za-z_]\w*)+")
_HEADERS = re.compile(r"(?<![\w.])request\s*\.\s*headers")
_ONE_HEADER = re.compile(
    r"""(?<![\w.])request\s*\.\s*headers\s*\[\s*["']([A-Za-z0-9-]+)["']\s*\]"""
    r"""|["']([A-Za-z0-9-]+)["']\s+in\s+request\s*\.\s*headers(?![\w.\[])"""
)


class ConditionError(ValueError):
    """An expression that can't be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; `reads` gives it no more than what it asks about.

    What it said of the same values before is remembered, where they can be told apart: most requests are alike.
    """

    source: str
    expression: cel.Expression
    reads: tuple[tuple[str, Attribute], ...]
    needs: Needs
    before: Recent[tuple[Any, ...], str] | None = field(compare=False, repr=False)

    @property
    def asks_identity(self) -> bool:
        """Whether it asks who makes the request."""
        return any(name.startswith("identity.") for name, _ in self.reads)

    def fault(self, context: Context) -> str | None:
        """Why it does not hold, None where it does."""
        values = tuple([attribute.read(context) for _, attribute in self.reads])
        if self.before is None:
            return self._judge(values) or None
        fault = self.before.get(values)
        if fault is None:
            fault = self._judge(values)
            self.before.put(values, fault)
        return fault or None

    def _judge(self, values: tuple[Any, ...]) -> str:
        data = {name: as_cel(value) for (name, _), value in zip(self.reads, values, strict=True)}
        value = self.expression.eval(data=data).value()
        if value is True:
            return ""
        return "is false" if value is False else f"failed: {str(value)[:120]!r}"


# A sidecar that takes one changed policy after the other keeps no more expressions than this.
@lru_cache(maxsize=4096)
def compiled(source: str) -> Condition:
    """The condition of an expression, else `ConditionError`."""
    if len(source) > MAX_LENGTH:
        raise ConditionError(f"is longer than {MAX_LENGTH} characters")
    library = _library()
    used = _used(source)
    try:
        expression = _environment().compile(source)
    except RuntimeError as error:
        raise ConditionError(_told(str(error), used)) from None
    if expression.return_type() != library.Type.BOOL:
        raise ConditionError("is no condition: it gives something else than true or false")
    reads = tuple((name, _attribute(name, source)) for name in used if name in ATTRIBUTES)
    needs = Needs()
    for _, attribute in reads:
        needs |= attribute.needs
    lasting = all(attribute.lasting for _, attribute in reads)
    return Condition(source, expression, reads, needs, Recent(REMEMBERED) if lasting else None)


def _library() -> Any:
    try:
        # Only policies with conditions need it, and it has no wheel for every platform.
        from cel_expr_python import cel  # noqa: PLC0415
    except ImportError as error:
        raise ConditionError(f"needs the package cel-expr-python: pip install 'gateline[cel]' ({error})") from error
    return cel


@cache
def _environment() -> cel.Env:
    library = _library()
    kind = library.Type
    kinds = {
        "STRING": kind.STRING,
        "BOOL": kind.BOOL,
        "TIMESTAMP": kind.TIMESTAMP,
        "HEADERS": kind.Map(kind.STRING, kind.STRING),
        "STRINGS": kind.List(kind.STRING),
        "CLAIMS": kind.Map(kind.STRING, kind.DYN),
    }
    env: cel.Env = library.NewEnv(variables={name: kinds[a.kind] for name, a in ATTRIBUTES.items()})
    return env


def _used(source: str) -> list[str]:
    """The attributes that an expression names (two names deep), and what looks like one."""
    found = _NAME.findall(_STRING.sub('""', source))
    return sorted({".".join(part.strip() for part in name.split(".")[:2]) for name in found})


def _attribute(name: str, source: str) -> Attribute:
    """The attribute; of headers, those alone that the expression asks for by name."""
    if name != "request.headers":
        return ATTRIBUTES[name]
    named = [one or other for one, other in _ONE_HEADER.findall(source)]
    if odd := [header for header in named if header != header.lower()]:
        raise ConditionError(f"asks for the header {odd[0]}: their names are lower-case here")
    if len(named) < len(_HEADERS.findall(source)):
        return ATTRIBUTES[name]
    return headers_named(frozenset(named))


def _told(message: str, used: list[str]) -> str:
    """The library's message in one line, with the attribute that was meant."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (.*)", message)
    if found is None:
        return "is no CEL expression"
    line, column, why = found.groups()
    text = f"is no condition: {why.replace(_IN_CONTAINER, '')} (line {line}, column {column})"
    unknown = [name for name in used if name not in ATTRIBUTES]
    close = difflib.get_close_matches(unknown[0], list(ATTRIBUTES), n=1) if unknown else []
    return f"{text}; did you mean `{close[0]}`?" if close else text
