"""Networks of addresses: which hold an address, the second time too."""

from ipaddress import ip_network

import pytest

from gateline.authn.networks import Networks

TWO = Networks([ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")])


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::ffff:192.0.2.1", True),
        ("::ffff:192.0.3.1", False),
        ("192.0.2", False),
        ("@unix", False),
        ("", False),
    ],
)
def test_an_address_lies_in_one_of_them_or_in_none(address, held):
    """IPv4 counts as such however it is written; what is no address lies nowhere."""
    assert TWO.hold(address) is held
    assert TWO.hold(address) is held
