"""The `Authorization` header: one scheme, one credential."""

import pytest

from gateline.authn.authorization import credential_of
from gateline.values.identity import Refused

JOINED = Refused("malformed_request", "several credentials in one authorization header")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], None),
        (["Bearer x"], "x"),
        (["bEARER x"], "x"),
        (["Bearer   x  "], "x"),
        (["Bearer \tx"], "\tx"),
        (["Bearer x y"], "x y"),
        (["Bearer XxX"], "XxX"),
        (["Bearer"], ""),
        (["Bearer "], ""),
        ([""], None),
        (["x"], None),
        (["Bearers x"], None),
        (["Basic x"], None),
        (["Bearer x", "Bearer x"], Refused("malformed_request", "2 authorization headers")),
        (["Basic x", "Digest y", "Bearer z"], Refused("malformed_request", "3 authorization headers")),
        (["Bearer x, Bearer y"], JOINED),
        (["Bearer x,"], JOINED),
        (["Basic x, Bearer y"], JOINED),
        (["Basic x,bearer y"], JOINED),
        (["Basic x,y, \t BEARER z"], JOINED),
        (["Basic x, Bearers y"], None),
        (["Digest Bearer x, y"], None),
        (['Digest a="x", b="y"'], None),
    ],
)
def test_one_credential_of_the_scheme_is_found(values, found):
    """A proxy may have joined two headers into one (RFC 9110 §5.3): neither then counts."""
    assert credential_of(values, "bearer") == found
