"""The router: whatever the order of the file, the same route; and it is the one that a plain search finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.route.conditions import Present, host_of
from gateline.route.router import Match, Router
from gateline.values.headers import Headers
from gateline.values.request import Request

SEGMENTS = st.sampled_from(["a", "b", "ab", "c.d", ""])
PATHS = st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(parts))
PREFIXES = PATHS.map(lambda path: path.rstrip("/") or "/")
HOSTS = st.sampled_from([(), ("x.test",), ("*.test",), ("y.test", "x.test"), ("*.x.test",)])
CONDITIONS = st.sampled_from(
    [(), (("h1", "1"),), (("h1", "1"), ("h2", Present(present=True))), (("h2", Present(present=False)),)]
)
QUERIES = st.sampled_from([(), (("q", "1"),)])


@st.composite
def matches(draw: st.DrawFn) -> list[Match]:
    rows = []
    for index in range(draw(st.integers(0, 8))):
        exact = draw(st.booleans())
        rows.append(
            Match(
                id=f"r{draw(st.integers(0, 99)):02}-{index}",
                path=draw(PATHS if exact else PREFIXES),
                exact=exact,
                methods=frozenset(draw(st.sets(st.sampled_from(["GET", "POST"]), min_size=1))),
                hosts=draw(HOSTS),
                headers=draw(CONDITIONS),
                query=draw(QUERIES),
            )
        )
    return rows


@st.composite
def requests(draw: st.DrawFn) -> Request:
    headers = draw(st.lists(st.sampled_from([("h1", "1"), ("h1", "2"), ("h2", "x")]), max_size=3))
    query = draw(st.sampled_from(["", "?q=1", "?q=2", "?q=1&q=1"]))
    host = draw(st.sampled_from(["x.test", "X.TEST:80", "y.test", "z.x.test", "other"]))
    return Request(draw(st.sampled_from(["GET", "POST"])), draw(PATHS) + query, host, Headers.of(headers), "::1", 0.0)


def holds(match: Match, request: Request, path: str) -> bool:
    """The rule as a person would say it."""
    below = match.path == "/" or path == match.path or path.startswith(match.path + "/")
    if not (path == match.path if match.exact else below) or request.method not in match.methods:
        return False
    host = host_of(request.host)
    if match.hosts and not any(host == h or (h[0] == "*" and host.endswith(h[1:])) for h in match.hosts):
        return False
    for name, wanted in match.headers:
        values = list(request.headers.all(name))
        if (bool(values) != wanted.present) if isinstance(wanted, Present) else values != [wanted]:
            return False
    query = request.target.partition("?")[2].split("&")
    return all([f for f in query if f.startswith(f"{k}=")] == [f"{k}={v}"] for k, v in match.query)


@given(matches(), requests(), st.randoms())
def test_the_order_of_the_file_does_not_matter(rows: list[Match], request: Request, random: object) -> None:
    path = request.target.partition("?")[0]
    found = Router((row, row.id) for row in rows).find(request, path)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Router((row, row.id) for row in shuffled).find(request, path) == found


@given(matches(), requests())
def test_it_finds_what_a_search_through_all_routes_finds(rows: list[Match], request: Request) -> None:
    path = request.target.partition("?")[0]
    best = sorted((row for row in rows if holds(row, request, path)), key=lambda row: row.order)
    found = Router((row, row.id) for row in rows).find(request, path)
    assert found == (best[0].id if best else None)


def test_a_long_path_of_slashes_costs_no_more_than_the_longest_prefix() -> None:
    router = Router([(Match("a", "/a/b"), "a")])
    request = Request("GET", "/", "h", Headers(), "::1", 0.0)
    asked: list[str] = []

    class Asked(dict):  # type: ignore[type-arg]
        def get(self, prefix: str) -> Any:  # type: ignore[override]
            asked.append(prefix)
            return super().get(prefix)

    router._prefix = Asked(router._prefix)
    assert router.find(request, "/a/b" + "/" * 10_000) == "a"
    assert asked == ["/a/b"]
    assert router.find(request, "/" * 10_000) is None
    assert max(map(len, asked)) <= len("/a/b")


def test_a_value_condition_does_not_hold_where_the_header_comes_twice() -> None:
    router = Router([(Match("a", "/", headers=(("h", "1"),)), "a")])
    twice = Request("GET", "/", "h", Headers.of([("h", "1"), ("h", "1")]), "::1", 0.0)
    assert router.find(twice, "/") is None


def test_a_query_that_cannot_be_read_matches_no_query_condition() -> None:
    router = Router([(Match("a", "/", query=(("q", "1"),)), "a"), (Match("b", "/"), "b")])
    many = Request("GET", "/?q=1" + "&x=1" * 2000, "h", Headers(), "::1", 0.0)
    assert router.find(many, "/") == "b"


def test_hosts_are_compared_without_port_case_and_final_dot() -> None:
    assert [host_of(h) for h in ("A.b:80", "a.b.", "[2001:DB8::1]:443", "")] == ["a.b", "a.b", "[2001:DB8::1]", ""]


ONE, TWO = (("h1", "1"),), (("h1", "1"), ("h2", Present(present=True)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"path": "/a/b", "exact": True}, {"path": "/a/b", "headers": TWO}),
        ({"path": "/a/b"}, {"path": "/a", "headers": TWO, "hosts": ("x.test",)}),
        ({"path": "/a"}, {"path": "/"}),
        ({"headers": TWO}, {"headers": ONE}),
        ({"headers": TWO}, {"hosts": ("x.test", "y.test", "z.test")}),
        ({"query": (("q", "1"),), "headers": ONE}, {"headers": ONE}),
        ({"query": (("q", "1"),), "hosts": ("x.test",)}, {"headers": ONE}),
        ({"headers": ONE}, {}),
        ({"hosts": ("x.test",)}, {}),
        ({"hosts": ("*.test",)}, {}),
        ({"id": "a"}, {"id": "b"}),
        ({"id": "a", "hosts": ("x.test",)}, {"id": "b", "hosts": ("*.test",)}),
        ({"id": "a", "hosts": ("*.test",)}, {"id": "b", "hosts": ("x.test",)}),
        ({"id": "a", "hosts": ("*.test", "x.test")}, {"id": "b", "hosts": ("x.test",)}),
        ({"id": "a", "hosts": ("y.test", "x.test")}, {"id": "b", "hosts": ("x.test",)}),
        ({"id": "z", "hosts": ("x.test",), "headers": ONE}, {"id": "b", "hosts": ("x.test",)}),
        ({"id": "b", "methods": frozenset({"GET", "POST"})}, {"id": "a", "methods": frozenset({"POST"})}),
    ],
)
def test_of_two_routes_that_match_the_narrower_is_taken(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Exact, then longer, then more conditions (hosts count as one), then the id; whichever the file names first."""
    request = Request("GET", "/a/b?q=1", "X.test:80", Headers.of([("h1", "1"), ("h2", "x")]), "::1", 0.0)
    rows = [(Match(**{"id": "r2", "path": "/a/b", **first}), 1), (Match(**{"id": "r3", "path": "/a/b", **second}), 2)]
    assert Router(rows).find(request, "/a/b") == Router(rows[::-1]).find(request, "/a/b") == 1


@pytest.mark.parametrize(
    ("fields", "path", "found"),
    [
        ({"path": "/a/b"}, "/a/b", True),
        ({"path": "/a/b"}, "/a/b/", True),
        ({"path": "/a/b"}, "/a/b/c/d", True),
        ({"path": "/a/b"}, "/a/bc", False),
        ({"path": "/a/b"}, "/a", False),
        ({"path": "/a/b"}, "/x/a/b", False),
        ({"path": "/"}, "/a/b", True),
        ({"path": "/a", "exact": True}, "/a", True),
        ({"path": "/a", "exact": True}, "/a/", False),
        ({"path": "/a", "exact": True}, "/a/b", False),
        ({"path": "/", "exact": True}, "/a", False),
        ({"path": "/", "methods": frozenset({"POST"})}, "/", False),
        ({"path": "/", "hosts": ("y.test",)}, "/", False),
        ({"path": "/", "hosts": ("y.test", "x.test")}, "/", True),
        ({"path": "/", "hosts": ("*.y.test",)}, "/", False),
        ({"path": "/", "headers": ONE}, "/", False),
        ({"path": "/", "query": (("q", "2"),)}, "/", False),
    ],
)
def test_a_route_matches_its_path_and_all_below_it_unless_it_is_exact(
    fields: dict[str, Any], path: str, found: bool
) -> None:
    """Whole segments, the method (GET where none is named), and every condition."""
    request = Request("GET", f"{path}?q=1", "x.test", Headers(), "::1", 0.0)
    assert Router([(Match(**{"id": "r", **fields}), "r")]).find(request, path) == ("r" if found else None)


def test_what_does_not_hold_on_the_longest_path_is_looked_for_above_it() -> None:
    """A route that nearly matches hides none."""
    rows = [
        Match("exact", "/a/b/c", exact=True, methods=frozenset({"POST"})),
        Match("deep", "/a/b/c", hosts=("y.test",)),
        Match("mid", "/a/b", headers=ONE),
        Match("high", "/a", query=(("q", "1"),)),
        Match("top", "/"),
    ]
    router = Router((row, row.id) for row in rows)
    found = [
        router.find(Request(method, f"/a/b/c{query}", host, Headers.of(headers), "::1", 0.0), "/a/b/c")
        for method, query, host, headers in (
            ("POST", "", "y.test", ONE),
            ("GET", "", "y.test", ONE),
            ("GET", "", "x.test", ONE),
            ("GET", "?q=1", "x.test", ()),
            ("GET", "", "x.test", ()),
            ("PUT", "", "x.test", ()),
        )
    ]
    assert found == ["exact", "deep", "mid", "high", "top", None]


def test_a_host_by_name_does_not_go_before_a_star_that_comes_first() -> None:
    """However many routes one path has, they are asked in one order."""
    rows = [
        Match("a", "/", methods=frozenset({"POST"}), hosts=("*.test",)),
        Match("b", "/", hosts=("*.test",)),
        Match("c", "/", hosts=("x.test",)),
    ]
    request = Request("GET", "/", "x.test", Headers(), "::1", 0.0)
    assert Router((row, row.id) for row in rows).find(request, "/") == "b"
