"""Roles: inheritance, and what is wrong with a book of roles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateline.authz.roles import Role, RoleBook, role_faults
from gateline.values.errors import ConfigError
from gateline.values.identity import Identity

NAMES = st.sampled_from("abcdef")


def roles(**inherits):
    return {name: Role(inherits=tuple(parents)) for name, parents in inherits.items()}


def test_a_cycle_is_refused_with_its_way():
    faults = [str(fault) for fault in role_faults(roles(a="b", b="c", c="a", d=""))]
    assert len(faults) == 3
    assert "roles.a.inherits inherits itself: a → b → c → a" in faults


def test_a_role_that_inherits_itself_is_refused():
    assert "a → a" in str(next(role_faults(roles(a="a"))))


def test_a_role_that_inherits_nobody_knows_what_is_refused():
    assert "names no role: `x`" in str(next(role_faults(roles(a="x"))))


def test_a_diamond_is_no_cycle():
    assert list(role_faults(roles(a="bc", b="d", c="d", d=""))) == []


def test_the_gateway_file_is_refused_with_the_cycle(policy):
    with pytest.raises(ConfigError, match="inherits itself"):
        policy({"roles": {"a": {"inherits": ["b"]}, "b": {"inherits": ["a"]}}})


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3), max_size=6), NAMES)
def test_inheritance_ends_and_is_transitive_even_over_cycles(inherits, start):
    book = RoleBook(roles(**inherits))
    found = book.roles_of(Identity("u", "m", roles=frozenset({start})))
    assert start in found
    for name in found:
        assert set(inherits.get(name, ())) <= found


def test_users_and_groups_hold_roles_and_what_these_inherit():
    book = RoleBook({"v": Role(), "e": Role(inherits=("v",), users=("ann",)), "a": Role(groups=("g",))})
    assert book.roles_of(Identity("ann", "m", groups=frozenset({"g"}))) == {"v", "e", "a"}
    assert book.roles_of(Identity("bob", "m")) == frozenset()
