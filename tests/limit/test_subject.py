"""Subjects are bounded, safe in a key, and never meet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateline.limit.subject import of_address, of_user, safe
from gateline.values.identity import Identity


@given(st.text(max_size=300))
def test_any_text_becomes_safe(text: str) -> None:
    made = safe(text)
    assert 0 < len(made) <= 96
    assert not set(made) & set("{}|=\r\n\0 ")


@given(st.text(max_size=60), st.text(max_size=60))
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (safe(one) == safe(other)) == (one == other)


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
