"""Subjects are bounded, safe in a key, and never meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.limit.subject import of_address, of_quota, of_user, safe
from gateline.values.identity import Identity


@given(st.text(max_size=300))
def test_any_text_becomes_safe(text: str) -> None:
    made = safe(text)
    assert 0 < len(made) <= 96
    assert not set(made) & set("{}|=\r\n\0 ")


@given(st.text(max_size=60), st.text(max_size=60))
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (safe(one) == safe(other)) == (one == other)


def test_what_is_short_and_plain_stays_and_the_rest_is_a_digest_of_128_bits() -> None:
    """Up to 96 characters; a text that no UTF-8 can hold (a header's odd bytes) has its digest as well."""
    assert safe("a" * 96) == "a" * 96
    digests = [safe(text) for text in ("a" * 97, "é", "", ":a", "\udc80", "\udc81")]
    assert all(digest[0] == "~" and len(bytes.fromhex(digest[1:])) == 16 for digest in digests)
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("identity", "subject"),
    [
        (Identity("u", "api_key", credential_id="k"), "key:k"),
        (Identity("u", "api_key", tenant="t", credential_id=""), "user:t|u"),
        (Identity("u", "jwt", credential_id="a-token"), "user:u"),
        (Identity("u", "mtls"), "user:u"),
    ],
)
def test_a_quota_is_the_keys_where_there_is_one_else_the_users(identity: Identity, subject: str) -> None:
    """A token's own id is nobody's bucket: each new token would bring a new quota."""
    assert of_quota(identity) == subject


def test_a_tenant_and_a_user_cant_be_mistaken_for_another_pair() -> None:
    pairs = [("a", "b|c"), ("a|b", "c"), (None, "a|b"), ("a", "b"), (None, "a"), ("", "a")]
    assert len({of_user(Identity(user, "jwt", tenant=tenant)) for tenant, user in pairs}) == len(pairs)


def test_addresses_are_told_in_one_way() -> None:
    for address, subject in (
        ("203.0.113.9", "ip:203.0.113.9"),
        ("::ffff:203.0.113.9", "ip:203.0.113.9"),
        ("2001:DB8::1", "ip:2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "ip:2001:db8::/64"),
        ("fe80::1%eth0", "ip:fe80::/64"),
        ("unix", "ip:unix"),
    ):
        assert of_address(address) == subject
    assert of_address("").startswith("ip:~")
    assert of_address("a{b}").startswith("ip:~")
