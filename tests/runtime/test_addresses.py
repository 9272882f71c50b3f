"""Addresses of listeners and of their workers."""

from __future__ import annotations

import pytest

from gateline.runtime.addresses import bare_host, host_and_port, worker_address


@pytest.mark.parametrize(
    ("listen", "third"),
    [("127.0.0.1:9191", "127.0.0.1:9193"), ("[::1]:80", "[::1]:82"), ("unix:/run/x", "unix:/run/x.2"), ("a:0", "a:0")],
)
def test_worker_i_listens_above_or_beside_the_first(listen: str, third: str):
    assert worker_address(listen, 2) == third


@pytest.mark.parametrize("text", ["", "80", ":80", "a:", "a:b", "a:65536", "a:-1", "a:²"])
def test_what_is_no_address_is_refused(text: str):
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        host_and_port(text)


def test_an_address_in_brackets_loses_them_for_sockets():
    assert [bare_host(host) for host in ("[::1]", "localhost")] == ["::1", "localhost"]
