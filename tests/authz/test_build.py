"""What becomes of an `authorization`: its checks in order, each with its place, its mode, and what it reads."""

import pytest

from gateline.authz.attributes import ATTRIBUTES, headers_named
from gateline.authz.build import checks_of
from gateline.authz.config import Authorization
from gateline.values.request import Needs

WHEN = "request.headers['x-a'] == '1'"
HEADER = Needs(headers=frozenset({"x-a"}))


def place(*path):
    return "/".join(map(str, path))


def built(**rules):
    return [(c.place, c.shadow, c.needs) for c in checks_of(Authorization.model_validate(rules), place)]


def test_every_part_is_a_check_in_the_order_of_the_file():
    assert built(
        when=WHEN,
        groups={"any": ["a"]},
        roles={"any": ["a"]},
        scopes={"any": ["a"]},
        rules=[{"methods": ["GET"], "when": WHEN}],
    ) == [
        ("scopes", False, Needs()),
        ("roles", False, Needs()),
        ("groups", False, Needs()),
        ("when", False, HEADER),
        ("rules", False, HEADER | Needs(method=True)),
    ]


def test_every_part_may_be_in_shadow():
    assert built(
        scopes={"any": ["a"], "mode": "shadow"},
        roles={"any": ["a"], "mode": "shadow"},
        groups={"any": ["a"], "mode": "shadow"},
        when={"cel": WHEN, "mode": "shadow"},
        rules=[{"mode": "shadow", "when": WHEN}],
    ) == [
        ("scopes", True, Needs()),
        ("roles", True, Needs()),
        ("groups", True, Needs()),
        ("when", True, HEADER),
        ("rules", True, HEADER),
    ]


def test_rules_of_both_modes_are_two_checks():
    assert built(rules=[{"mode": "shadow"}, {"methods": ["GET"]}]) == [
        ("rules", True, Needs(method=True)),
        ("rules", False, Needs(method=True)),
    ]


def test_nothing_is_no_check():
    assert built() == []


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("request.method", Needs(method=True)),
        ("request.scheme", Needs(scheme=True)),
        ("request.path", Needs(query=True)),
        ("request.query", Needs(query=True)),
        ("request.url_path", Needs()),
        ("request.headers", Needs(headers="all")),
        ("request.referer", Needs(headers=frozenset({"referer"}))),
        ("request.useragent", Needs(headers=frozenset({"user-agent"}))),
        ("source.address", Needs(client_address=True)),
        ("connection.mtls", Needs(certificate=True)),
        ("identity.user_id", Needs()),
    ],
)
def test_an_attribute_names_what_an_adapter_must_fetch(name, needs):
    assert ATTRIBUTES[name].needs == needs


def test_headers_by_name_are_read_alone():
    attribute = headers_named(frozenset({"x-b", "x-a"}))
    assert (attribute.kind, attribute.needs, attribute.lasting) == (
        "HEADERS",
        Needs(headers=frozenset({"x-a", "x-b"})),
        True,
    )
