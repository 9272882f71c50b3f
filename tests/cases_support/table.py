"""Case files: request + gateway + expectation, one sentence a row (CONTRACTS, A case file)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateline.config.parse import parse
from gateline.values.headers import to_bytes

FOLDER = Path(__file__).resolve().parents[1] / "cases"
Proxy = Literal["core", "envoy", "kong"]


class Row(BaseModel):
    """The parent of the models here: a misspelt field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hex(Row):
    """Bytes that are no text."""

    hex: str


class RequestRow(Row):
    """The request as the client sends it.

    `client` is the address it comes from; `certificate` names what it shows (`certificates.CLIENTS`).
    """

    method: str = "GET"
    path: str = "/"
    host: str = "api.example.com"
    headers: tuple[tuple[str, str | Hex], ...] = ()
    body: str | None = None
    client: str = "198.51.100.7"
    certificate: str | None = None

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The header lines as bytes."""
        return [
            (name.encode(), bytes.fromhex(value.hex) if isinstance(value, Hex) else to_bytes(value))
            for name, value in self.headers
        ]


class UpstreamRow(Row):
    """What the upstream receives; `absent` names headers that it does not."""

    path: str | None = None
    headers: dict[str, str] = {}
    absent: tuple[str, ...] = ()


class Matches(Row):
    """A regular expression that matches the whole value."""

    matches: str


class Expect(Row):
    """The answer. A header that maps to null must be absent."""

    status: int
    code: str | None = None
    headers: dict[str, str | Matches | None] = {}
    body: str | None = None
    upstream: UpstreamRow | None = None


class Only(Row):
    """Where the row holds, and why not elsewhere."""

    proxies: tuple[Proxy, ...]
    reason: Annotated[str, Field(min_length=10)]


class Case(Row):
    """One row. `repeat`: the last answer is compared. With `clock` or `replies` it runs in the core alone."""

    name: Annotated[str, Field(min_length=12)]
    request: RequestRow
    token: Any = None
    clock: float | None = None
    replies: dict[str, Any] = {}
    repeat: Annotated[int, Field(ge=1, le=200)] = 1
    expect: Expect
    only: Only | None = None

    def runs_on(self, proxy: Proxy) -> bool:
        """Whether the row is to run there."""
        if proxy != "core" and (self.clock is not None or self.replies):
            return False
        return self.only is None or proxy in self.only.proxies


class CaseFile(Row):
    """A gateway and its rows."""

    gateway: dict[str, Any]
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with the file it stands in."""

    file: str
    gateway: dict[str, Any]
    case: Case

    @property
    def id(self) -> str:
        """Names the row in pytest's output."""
        return f"{self.file.removesuffix('.yaml')}: {self.case.name}"


def entries(folder: Path = FOLDER) -> list[Entry]:
    """Every row of every file, in order. Two rows of one name are an error."""
    rows: list[Entry] = []
    for path in sorted(folder.rglob("*.yaml")):
        parsed = CaseFile.model_validate(parse(path.read_text(), str(path))[0])
        rows += [Entry(str(path.relative_to(folder)), parsed.gateway, case) for case in parsed.cases]
    names = [row.id for row in rows]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"rows with one name: {doubled}")
    return rows
