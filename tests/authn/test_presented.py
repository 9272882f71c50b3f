"""Where a key is presented: each place by itself, and never two keys at once."""

import pytest

from gateline.authn.presented import Places
from gateline.context import Context
from gateline.values.headers import Headers
from gateline.values.identity import Refused
from gateline.values.request import Request

ALL = Places("x-api-key", "key", "api_key")


def find(places, *headers, target="/"):
    request = Request("GET", target, "api.example.com", Headers.of(headers), "192.0.2.1", 0.0)
    return places.find(Context(request))


@pytest.mark.parametrize(
    ("headers", "target", "key"),
    [
        ([], "/", None),
        ([("x-api-key", "k")], "/", "k"),
        ([("x-api-key", "")], "/", ""),
        ([("cookie", "a=b; key=XkX; keys=x")], "/", "XkX"),
        ([("cookie", "a=b"), ("cookie", "\tkey=k ")], "/", "k"),
        ([("cookie", 'key="Xk=X"')], "/", "Xk=X"),
        ([("cookie", "Key=k; a; ;=x")], "/", None),
        ([], "/?api_key=k", "k"),
        ([], "/api_key=k", None),
        ([], "/?a=?&api_key=a%20b?c", "a b?c"),
        ([], "/?api_key=%ff", "\udcff"),
        ([], "/?api_key", ""),
        ([], "/?API_KEY=k", None),
    ],
)
def test_one_key_is_found_wherever_it_is(headers, target, key):
    """Names are compared as the policy writes them; a key that is empty is one."""
    assert find(ALL, *headers, target=target) == key


@pytest.mark.parametrize(
    ("headers", "target", "count"),
    [
        ([("x-api-key", "k"), ("x-api-key", "k")], "/", 2),
        ([("cookie", "key=a; key=b; key=c")], "/", 3),
        ([("cookie", "key=a"), ("cookie", "key=b")], "/", 2),
        ([], "/?api_key=a&api_key=a", 2),
        ([("x-api-key", "k"), ("cookie", "key=k")], "/?api_key=k", 3),
    ],
)
def test_two_keys_are_refused(headers, target, count):
    """Even the same twice: the next hop might take another one."""
    assert find(ALL, *headers, target=target) == Refused("malformed_request", f"{count} API keys in one request")


@pytest.mark.parametrize(
    ("places", "key"),
    [(Places("x-api-key", "", ""), "h"), (Places("", "key", ""), "c"), (Places("", "", "api_key"), "q")],
)
def test_a_place_that_is_not_asked_for_is_not_looked_at(places, key):
    """So what stands there is no second key."""
    assert find(places, ("x-api-key", "h"), ("", "x"), ("cookie", "key=c; =x"), target="/?api_key=q&=x") == key


def test_a_query_is_read_up_to_its_limit():
    """Of 200 parameters, and of 201 none."""
    target = "/?" + "a=b&" * 199 + "api_key=k"
    assert find(ALL, target=target) == "k"
    assert find(ALL, target=target + "&a") == Refused("malformed_request", "more than 200 query parameters")
