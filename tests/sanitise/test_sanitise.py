"""Paths in normal form, the client's address, identity headers."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.sanitise.client_address import client_address
from gateline.sanitise.identity_headers import IdentityHeaders, spellings
from gateline.sanitise.path import _FAULTS, fault_of
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import Request

PIECES = st.sampled_from(
    ["/", ".", "..", "a", "~", "%2F", "%2e", "%41", "%C3", "%5c", "%00", "%", "%g1", ";", "\\", "#", " "]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_fast_way_and_the_search_agree(path: str) -> None:
    slow = path[:1] != "/" or _FAULTS.search(path) is not None
    assert (fault_of(path) is not None) == slow


@given(st.lists(PIECES, max_size=8).map(lambda parts: "/" + "".join(parts)))
def test_a_normal_path_reads_the_same_to_a_server_that_decodes_once(path: str) -> None:
    if fault_of(path) is None:
        decoded = unquote(path)
        assert decoded.count("/") == path.count("/")
        assert "//" not in decoded
        assert not {".", ".."} & set(decoded.split("/"))
        assert not set(decoded) & {"\\", ";", "\0", "#"}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/a//b", "doubled at 2"),
        ("/a/./b", "dots at 2"),
        ("/..", "dots at 0"),
        ("/a;b", "parameter at 2"),
        ("/a\\b", "backslash at 2"),
        ("/a#b", "fragment at 2"),
        ("/a\x7f", "control at 2"),
        ("/a%2f", "encoded slash at 2"),
        ("/a%5C", "encoded slash at 2"),
        ("/a%0a", "encoded control at 2"),
        ("/a%7F", "encoded control at 2"),
        ("/a%7e", "encoded unreserved at 2"),
        ("/a%2D", "encoded unreserved at 2"),
        ("/a%5f", "encoded unreserved at 2"),
        ("/a%7a", "encoded unreserved at 2"),
        ("/a%30", "encoded unreserved at 2"),
        ("/a%x0", "invalid escape at 2"),
        ("/a%4", "invalid escape at 2"),
        ("a", "does not begin with a slash"),
        ("", "does not begin with a slash"),
        ("*", "does not begin with a slash"),
    ],
)
def test_each_fault_is_named(path: str, fault: str) -> None:
    assert fault_of(path) == fault


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/...", "/.a", "/a.", "/%20", "/%C3%A9", "/a:b@c,d=e+f*(g)!$&'", "/é"]
)
def test_normal_paths(path: str) -> None:
    assert fault_of(path) is None


def asked(peer: str, *forwarded: str) -> Request:
    return Request("GET", "/", "h", Headers.of([("x-forwarded-for", value) for value in forwarded]), peer, 0.0)


@pytest.mark.parametrize(
    ("hops", "peer", "forwarded", "client"),
    [
        (0, "192.0.2.9", ("203.0.113.7",), "192.0.2.9"),
        (1, "192.0.2.9", ("203.0.113.7",), "203.0.113.7"),
        (1, "192.0.2.9", ("6.6.6.6, 203.0.113.7",), "203.0.113.7"),
        (1, "192.0.2.9", ("6.6.6.6", "203.0.113.7"), "203.0.113.7"),
        (1, "192.0.2.9", ("203.0.113.7, 192.0.2.9",), "203.0.113.7"),
        (2, "192.0.2.9", ("203.0.113.7, 198.51.100.1",), "203.0.113.7"),
        (2, "192.0.2.9", ("203.0.113.7, 198.51.100.1, 192.0.2.9",), "203.0.113.7"),
        (2, "192.0.2.9", ("198.51.100.1",), "192.0.2.9"),
        (1, "192.0.2.9", (), "192.0.2.9"),
        (1, "192.0.2.9", ("192.0.2.9",), "192.0.2.9"),
        (1, "192.0.2.9", ("unknown",), "192.0.2.9"),
        (1, "192.0.2.9", ("203.0.113.7:1234",), "203.0.113.7"),
        (1, "192.0.2.9", ("[2001:db8::1]:443",), "2001:db8::1"),
        (1, "192.0.2.9", ("2001:DB8:0::1",), "2001:db8::1"),
        (1, "192.0.2.9", ("",), "192.0.2.9"),
    ],
)
def test_the_client_is_counted_from_the_right(hops: int, peer: str, forwarded: tuple[str, ...], client: str) -> None:
    assert client_address(asked(peer, *forwarded), hops) == client


@given(st.lists(st.text(max_size=12), max_size=4), st.integers(1, 4))
def test_what_a_client_writes_never_moves_it_past_the_trusted_hops(theirs: list[str], hops: int) -> None:
    trusted = [f"198.51.100.{n}" for n in range(hops)]
    request = asked("192.0.2.9", *theirs, *trusted)
    assert client_address(request, hops) == trusted[0]


def test_spellings_are_all_ways_to_write_a_name() -> None:
    assert sorted(spellings("X-User-Id")) == ["x-user-id", "x-user_id", "x_user-id", "x_user_id"]
    assert spellings("host") == ["host"]


def test_identity_headers_hold_what_an_identity_has_and_what_may_travel() -> None:
    headers = IdentityHeaders({"user_id": "X-User-Id", "scopes": "x-scopes", "tenant": "x-tenant"})
    assert headers.of(Identity("a", "m", scopes=frozenset({"b", "a"}))) == [
        ("x-user-id", "a"),
        ("x-scopes", "a b"),
    ]
    assert headers.of(None) == ()
    for value in ("a\r\nx-admin: 1", "a\n", "a\0", "\udcff", "\ud800"):
        assert headers.of(Identity(value, "m", tenant="t")) is None


def test_the_clients_own_are_found_as_they_were_sent() -> None:
    headers = IdentityHeaders({"user_id": "x-user-id"})
    for sent, found in [(("a", "X_USER-ID", "x-user-id"), ("x_user-id", "x-user-id")), (("x-user-idx",), ())]:
        request = Request("GET", "/", "h", Headers.of([(name, "1") for name in sent]), "192.0.2.1", 0.0)
        assert [headers.sent_by_client(request) for _ in range(2)] == [found] * 2
