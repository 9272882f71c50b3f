"""The conditions of a route beside its path: which hosts, headers and queries hold, and which nearly do."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gateline.route.conditions import (
    MAX_QUERY_FIELDS,
    Condition,
    HostName,
    Present,
    headers_match,
    host_matches,
    host_of,
    query_matches,
)
from gateline.values.headers import Headers
from gateline.values.request import Request

THERE, ABSENT = Present(present=True), Present(present=False)


def asked(target: str = "/", *headers: tuple[str, str]) -> Request:
    """A request of a target and headers."""
    return Request("GET", target, "api.example.com", Headers.of(headers), "192.0.2.1", 0.0)


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("a.test", "a.test"),
        ("A.Test:8080", "a.test"),
        ("a.test.", "a.test"),
        ("a.test.:80", "a.test"),
        ("a.test..", "a.test."),
        ("a.test:80:90", "a.test"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[2001:db8::1]:443", "[2001:db8::1]"),
        ("[::1]:80]", "[::1]"),
        ("[x.test", "[x.test]"),
        (":80", ""),
    ],
)
def test_a_host_is_told_without_port_case_and_final_dot(authority: str, host: str) -> None:
    """What stands in brackets is an address (RFC 3986, 3.2.2), however it goes on: no `*.test` is above it."""
    assert host_of(authority) == host


@pytest.mark.parametrize(
    ("patterns", "host", "matches"),
    [
        ((), "a.test", True),
        ((), "", True),
        (("a.test",), "a.test", True),
        (("a.test",), "b.a.test", False),
        (("a.test",), "", False),
        (("*.test",), "a.test", True),
        (("*.test",), "b.a.test", True),
        (("*.test",), "test", False),
        (("*.test",), "atest", False),
        (("*.a.test",), "ba.test", False),
        (("b.test", "*.a.test"), "c.a.test", True),
        (("b.test", "*.a.test"), "a.test", False),
    ],
)
def test_a_star_stands_for_every_host_below_and_not_for_the_name_itself(
    patterns: tuple[str, ...], host: str, matches: bool
) -> None:
    """A label ends at a dot: `*.a.test` is not `ba.test`."""
    assert host_matches(patterns, host) is matches


@pytest.mark.parametrize(
    ("pattern", "good"),
    [("a.test", True), ("*.test", True), ("a-1_b.test", True), ("*.A.Test", True)]
    + [(bad, False) for bad in ("*", "a.*", "*a.test", "-a", "a-", "a.test:80", "")],
)
def test_a_host_of_the_file_is_a_name_or_a_star_and_one(pattern: str, good: bool) -> None:
    """Whatever else could match no request, or more than it seems to."""
    adapter: TypeAdapter[str] = TypeAdapter(HostName)
    if good:
        assert adapter.validate_python(pattern) == pattern.lower()
        return
    with pytest.raises(ValidationError):
        adapter.validate_python(pattern)


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ("1", ["1"], True),
        ("1", ["2"], False),
        ("1", [], False),
        ("1", ["1", "1"], False),
        ("1", ["2", "1"], False),
        ("", [""], True),
        ("", [], False),
        (THERE, [], False),
        (THERE, [""], True),
        (THERE, ["1", "2"], True),
        (ABSENT, [], True),
        (ABSENT, [""], False),
        (ABSENT, ["1"], False),
    ],
)
def test_a_header_and_a_query_field_hold_alike(condition: Condition, values: list[str], holds: bool) -> None:
    """One value and that one; a second could be what the upstream reads. Other fields say nothing."""
    headers = [("other", "1"), *(("x-a", value) for value in values)]
    assert headers_match((("x-a", condition),), asked("/", *headers)) is holds
    target = "/?" + "&".join(f"{name}={value}" for name, value in headers)
    assert query_matches((("x-a", condition),), asked(target)) is holds


def test_every_condition_must_hold() -> None:
    """None at all is no condition."""
    request = asked("/?a=1&b=2", ("a", "1"), ("b", "2"))
    for match in (headers_match, query_matches):
        assert match((), request)
        assert match((("a", "1"), ("b", "2")), request)
        assert not match((("a", "1"), ("b", "1")), request)
        assert not match((("a", "2"), ("b", "2")), request)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/a", None),
        ("/a?", None),
        ("/a?q", ""),
        ("/a?q=", ""),
        ("/a?q=1?q=2", "1?q=2"),
        ("/a?b=?q=1", None),
        ("/a?q=%31+2", "1 2"),
        ("/a?Q=1", None),
        ("/a=1?q=1", "1"),
    ],
)
def test_a_query_begins_at_the_first_question_mark(target: str, value: str | None) -> None:
    """A field without a value is there, and its value is empty."""
    request = asked(target)
    assert query_matches((("q", THERE),), request) is (value is not None)
    assert query_matches((("q", ABSENT),), request) is (value is None)
    if value is not None:
        assert query_matches((("q", value),), request)


def test_a_query_of_too_many_fields_matches_no_condition() -> None:
    """Neither that a field is there nor that it is absent; where nothing is asked it is not even read."""
    full, over = (asked("/?q=1" + "&x=1" * more) for more in (MAX_QUERY_FIELDS - 1, MAX_QUERY_FIELDS))
    for condition, name in (("1", "q"), (ABSENT, "y")):
        assert query_matches(((name, condition),), full)
        assert not query_matches(((name, condition),), over)
    assert query_matches((), over)
