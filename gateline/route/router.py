"""The router: exact path, then the longest path; there, more conditions first, then the id.

Look-up costs a dictionary access per path segment, however many routes there are.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar

from gateline.route.conditions import Condition, headers_match, host_matches, host_of, query_matches
from gateline.values.request import Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Match:
    """What a route matches. `path` has no final slash, but for `/` itself; hosts are lower-case."""

    id: str
    path: str
    exact: bool = False
    methods: frozenset[str] = frozenset({"GET"})
    hosts: tuple[str, ...] = ()
    headers: tuple[tuple[str, Condition], ...] = ()
    query: tuple[tuple[str, Condition], ...] = ()

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """Sorts the route that is asked first to the front: exact, longer path, more conditions, id."""
        return (not self.exact, -len(self.path), -self.condition_count, self.id)

    @property
    def condition_count(self) -> int:
        """How many conditions stand beside path and method."""
        return bool(self.hosts) + len(self.headers) + len(self.query)


class Router(Generic[T]):
    """An immutable table of routes. `T` is whatever a match leads to."""

    __slots__ = ("_depth", "_exact", "_prefix")

    def __init__(self, routes: Iterable[tuple[Match, T]]) -> None:
        self._exact: dict[str, _Node[T]] = {}
        self._prefix: dict[str, _Node[T]] = {}
        # Path by path, and there one by one: to sort ten thousand at once would hold the interpreter for long.
        by_path: dict[tuple[bool, str], list[tuple[Any, Match, T]]] = {}
        for match, target in routes:
            insort(by_path.setdefault((match.exact, match.path), []), (match.order, match, target), key=itemgetter(0))
        while by_path:
            (exact, path), rows = by_path.popitem()
            node = (self._exact if exact else self._prefix)[path] = _Node()
            for _, match, target in rows:
                node.add(match, target)
        # No prefix is longer than this many segments, so no more of a path is ever looked at.
        self._depth = max((path.count("/") for path in self._prefix), default=0)

    def taken_apart(self) -> list[object]:
        """What the table was made of, for whoever frees it; nothing is left in it."""
        parts: list[object] = []
        for table in (self._exact, self._prefix):
            while table:
                parts += table.popitem()[1].lists
        return parts

    def find(self, request: Request, path: str) -> T | None:
        """The target of the first route that matches the request, None where none does."""
        for node in self._nodes(path):
            found = node.find(request)
            if found is not None:
                return found
        return None

    def is_decided_by_path(self, path: str) -> bool:
        """Whether nothing but path and method decides where a request leads to."""
        return not any(node.is_conditional for node in self._nodes(path))

    def _nodes(self, path: str) -> Iterator[_Node[T]]:
        """Whose routes are asked, in order."""
        if (node := self._exact.get(path)) is not None:
            yield node
        prefix = path
        if path.count("/") > self._depth:
            prefix = "/".join(path.split("/", self._depth + 1)[: self._depth + 1])
        while prefix:
            if (node := self._prefix.get(prefix)) is not None:
                yield node
            prefix = prefix.rpartition("/")[0]
        if (node := self._prefix.get("/")) is not None:
            yield node


# Its place in the order, what it matches, whether it asks more than path and method, and where it leads to.
_Row = tuple[int, Match, bool, T]


class _Node(Generic[T]):
    """The routes of one path, those of one host apart, so that many hosts on one path cost no search."""

    __slots__ = ("_any", "_asks_host", "_by_host", "_size", "is_conditional")

    def __init__(self) -> None:
        self._any: list[_Row[T]] = []
        self._by_host: dict[str, list[_Row[T]]] = {}
        self._asks_host = False
        self._size = 0
        self.is_conditional = False

    @property
    def lists(self) -> tuple[object, object]:
        """What the routes stand in."""
        return self._any, self._by_host

    def add(self, match: Match, target: T) -> None:
        """Append; the caller comes in order."""
        row = (self._size, match, match.condition_count > 0, target)
        self.is_conditional |= row[2]
        self._size += 1
        self._asks_host = self._asks_host or bool(match.hosts)
        if match.hosts and not any(host.startswith("*") for host in match.hosts):
            for host in match.hosts:
                self._by_host.setdefault(host, []).append(row)
        else:
            self._any.append(row)

    def find(self, request: Request) -> T | None:
        rows: Sequence[_Row[T]] = self._any
        host = ""
        if self._asks_host:
            host = host_of(request.host)
            if named := self._by_host.get(host):
                rows = sorted((*named, *rows), key=lambda row: row[0])
        method = request.method
        for _, match, conditional, target in rows:
            if method in match.methods and (not conditional or _holds(match, host, request)):
                return target
        return None


def _holds(match: Match, host: str, request: Request) -> bool:
    """Whether all conditions beside path and method hold."""
    return (
        host_matches(match.hosts, host)
        and headers_match(match.headers, request)
        and query_matches(match.query, request)
    )
