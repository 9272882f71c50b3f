"""`domains:` reads envoyproxy/ratelimit's files, finds limits as it does, and refuses what is not done here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.config.load import load_text
from gateline.limit.domain_tree import DomainTree, matches
from gateline.limit.domains import Domain
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError


def tree(*descriptors: dict[str, object]) -> DomainTree:
    return DomainTree(Domain.model_validate({"domain": "d", "descriptors": descriptors}), "ns")


def limit(requests: int, unit: str = "minute", **fields: object) -> dict[str, object]:
    return {"requests_per_unit": requests, "unit": unit, **fields}


def requests_of(found: DomainTree, *entries: tuple[str, str]) -> int | None:
    result = found.find(entries)
    return None if result is None else result.requests


def test_the_exact_value_goes_before_a_pattern_before_the_key_alone() -> None:
    found = tree(
        {"key": "k", "rate_limit": limit(1)},
        {"key": "k", "value": "a*", "rate_limit": limit(2)},
        {"key": "k", "value": "ab", "rate_limit": limit(3)},
    )
    assert requests_of(found, ("k", "ab")) == 3
    assert requests_of(found, ("k", "abc")) == 2
    assert requests_of(found, ("k", "x")) == 1
    assert requests_of(found, ("other", "x")) is None


def test_the_depth_must_be_the_descriptors_own() -> None:
    nested = {"key": "b", "rate_limit": limit(2)}
    found = tree({"key": "a", "rate_limit": limit(1), "descriptors": [nested]})
    assert requests_of(found, ("a", "1")) == 1
    assert requests_of(found, ("a", "1"), ("b", "2")) == 2
    assert requests_of(found, ("a", "1"), ("b", "2"), ("c", "3")) is None
    assert requests_of(found, ("b", "2")) is None


def test_there_is_no_way_back_from_a_more_specific_level() -> None:
    found = tree(
        {"key": "a", "value": "1", "descriptors": [{"key": "b", "value": "2", "rate_limit": limit(1)}]},
        {"key": "a", "descriptors": [{"key": "b", "rate_limit": limit(9)}]},
    )
    assert requests_of(found, ("a", "1"), ("b", "3")) is None


def test_each_value_counts_for_itself_unless_a_pattern_shares_its_threshold() -> None:
    found = tree(
        {"key": "own", "value": "f/*", "rate_limit": limit(1)},
        {"key": "all", "value": "f/*", "share_threshold": True, "rate_limit": limit(1)},
    )
    one, other = found.find([("own", "f/1")]), found.find([("own", "f/2")])
    assert one is not None
    assert other is not None
    assert one.key != other.key
    one, other = found.find([("all", "f/1")]), found.find([("all", "f/2")])
    assert one == other


def test_keys_of_different_descriptors_never_meet() -> None:
    found = tree({"key": "a", "rate_limit": limit(1), "descriptors": [{"key": "b", "rate_limit": limit(1)}]})
    values = ["x", "x|b=y", "x=y", "{x}", "", "é", "x" * 500]
    keys = {found.find([("a", value)]).key for value in values}  # type: ignore[union-attr]  # all have one
    keys |= {found.find([("a", value), ("b", "y")]).key for value in values}  # type: ignore[union-attr]
    assert len(keys) == 2 * len(values)
    assert all(key.count("{") == key.count("}") == 1 and len(key) < 400 for key in keys)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a*", "a", True),
        ("a*", "b", False),
        ("*", "", True),
        ("/api/*/action", "/api/1/action", True),
        ("/api/*/action", "/api/1/other", False),
        ("/api/*/r/*/x", "/api/1/r/2/x", True),
        ("/api/*/r/*/x", "/api/1/2/x", False),
        ("aba*aba", "aba", False),
        ("a*b*b", "ab", False),
    ],
)
def test_a_pattern_fits(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern.split("*"), value) is expected


HEAD = "version: 1\ndomains:\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  - descriptors: []\n", "domains[0].domain is missing"),
        ("  - domain: ''\n", "gateline.yaml:3: domains[0].domain must not be empty"),
        ("  - domain: d\n    descriptors:\n      - ky: a\n", "did you mean `key`?"),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        rate_limit: {unit: fortnight}\n",
            "gateline.yaml:6: domains[0].descriptors[0].rate_limit.unit must be second, minute",
        ),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        rate_limit: {unlimited: true, unit: day}\n",
            "can't have a unit and be unlimited",
        ),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        rate_limit: {requests_per_unit: 1}\n",
            "needs a unit",
        ),
        (
            "  - domain: d\n    descriptors:\n      - {key: a, value: b}\n      - {key: a, value: b}\n",
            "gateline.yaml:6: domains[0].descriptors[1] is a second descriptor `a` with the value `b`",
        ),
        ("  - {domain: d}\n  - {domain: d}\n", "gateline.yaml:4: domains[1].domain stands here twice"),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        quota_mode: true\n",
            "gateline.yaml:6: domains[0].descriptors[0].quota_mode must be False",
        ),
        ("  - domain: d\n    descriptors:\n      - key: a\n        detailed_metric: true\n", "detailed_metric"),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        metadata: {a: b}\n",
            "metadata is not a known field",
        ),
        ("  - domain: d\n    descriptors:\n      - key: a\n        share_threshold: true\n", "share_threshold is for"),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        rate_limit: {unit: day, replaces: [{name: x}]}\n",
            "gateline.yaml:6: domains[0].descriptors[0].rate_limit.replaces[0].name replaces `x`",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(HEAD + text, "gateline.yaml", Sources(Path(), {}))
    assert message in str(caught.value)


def test_the_originals_own_example_loads() -> None:
    text = """  - domain: messaging
    descriptors:
      - key: message_type
        value: marketing
        descriptors:
          - key: to_number
            rate_limit: {unit: DAY, requests_per_unit: 5}
      - key: port
        value: 50
        detailed_metric: false
        rate_limit: {unlimited: true}
"""
    (domain,) = load_text(HEAD + text, "gateline.yaml", Sources(Path(), {})).gateway.domains
    assert domain.descriptors[1].value == "50"
    assert domain.descriptors[0].descriptors[0].rate_limit is not None
