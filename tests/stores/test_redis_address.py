"""The URL of a store, with and without its parts."""

from __future__ import annotations

import pytest

from gateline.runtime.redis_address import RedisAddress, parse_url
from gateline.values.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", RedisAddress("h")),
        ("redis://h:1/2", RedisAddress("h", 1, database=2)),
        ("rediss://u:p%40@h:1", RedisAddress("h", 1, tls=True, user="u", password="p@")),
        ("redis://:p@[::1]:1", RedisAddress("::1", 1, password="p")),
        ("unix:///a/b.sock?db=3", RedisAddress(path="/a/b.sock", database=3)),
    ],
)
def test_a_url_is_read(url: str, address: RedisAddress) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize("url", ["http://h", "redis://h:x", "redis://h/x", "unix://", "", "redis://:hush@h:x"])
def test_what_is_no_address_is_refused_without_a_quote(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    assert "hush" not in str(caught.value)


def test_a_password_is_never_shown() -> None:
    address = parse_url("redis://u:hush@h:1/2")
    assert "hush" not in repr(address) + str(address)
