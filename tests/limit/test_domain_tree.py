"""A descriptor's limit is found as envoyproxy/ratelimit finds it, and has a key of its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateline.limit.domain_tree import DomainLimit, DomainTree, matches, trees_of
from gateline.limit.domains import MAX_UINT32, Domain
from gateline.limit.subject import safe


def domain(*descriptors: Mapping[str, object], name: str = "d") -> Domain:
    return Domain.model_validate({"domain": name, "descriptors": descriptors})


def tree(*descriptors: Mapping[str, object]) -> DomainTree:
    return DomainTree(domain(*descriptors), "ns")


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


def test_the_first_pattern_that_fits_counts_and_an_empty_value_fits_a_star() -> None:
    """In the order of the file; the key alone is for what no pattern fits, be the value empty or not."""
    found = tree(
        {"key": "k", "rate_limit": limit(1)},
        {"key": "j", "value": "*", "rate_limit": limit(2)},
        {"key": "k", "value": "a*", "rate_limit": limit(3)},
        {"key": "k", "value": "*", "rate_limit": limit(4)},
        {"key": "k", "value": "*b", "rate_limit": limit(5)},
    )
    assert [requests_of(found, ("k", value)) for value in ("ab", "xb", "")] == [3, 4, 4]
    assert requests_of(tree({"key": "k", "rate_limit": limit(1)}), ("k", "")) == 1


def test_the_depth_must_be_the_descriptors_own() -> None:
    nested = {"key": "b", "rate_limit": limit(2)}
    found = tree({"key": "a", "rate_limit": limit(1), "descriptors": [nested]})
    assert requests_of(found, ("a", "1")) == 1
    assert requests_of(found, ("a", "1"), ("b", "2")) == 2
    assert requests_of(found, ("a", "1"), ("b", "2"), ("c", "3")) is None
    assert requests_of(found, ("b", "2")) is None
    assert requests_of(found) is None
    assert requests_of(tree({"key": "a", "descriptors": [nested]}), ("a", "1")) is None


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
        ("*a*", "ab", True),
        ("*a*b*", "aba", True),
        ("*a*a*", "a", False),
        ("*ab*b*", "ab", False),
        ("ab*b*", "ab", False),
        ("a*bc*c", "abc", False),
    ],
)
def test_a_pattern_fits(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern.split("*"), value) is expected


def test_a_limit_says_all_that_its_descriptor_says() -> None:
    """Its name, what it replaces, whether it is in shadow; without a limit there is no unit, and all there can be."""
    found = tree(
        {
            "key": "k",
            "shadow_mode": True,
            "rate_limit": limit(5, "HOUR", name="n", replaces=[{"name": "a"}, {"name": "b"}]),
        },
        {"key": "u", "rate_limit": {"unlimited": True}},
        {"key": "plain", "rate_limit": limit(1)},
    )
    key = "gl:ns:{domain:d}:shadow:fixed_window:k=v:hour"
    assert found.find([("k", "v")]) == DomainLimit(5, "hour", key, shadow=True, name="n", replaces=("a", "b"))
    assert found.find([("u", "v")]) == DomainLimit(MAX_UINT32, "", "gl:ns:{domain:d}:fixed_window:u=v:", unlimited=True)
    assert found.find([("plain", "")]) == DomainLimit(
        1, "minute", f"gl:ns:{{domain:d}}:fixed_window:plain={safe('')}:minute"
    )


def test_a_whole_gateway_in_shadow_counts_apart() -> None:
    """Every limit of every domain, those that a proxy states included."""
    trees = trees_of(
        [domain({"key": "k", "rate_limit": limit(1)}, name=name) for name in ("d", "e")], "ns", hidden=True
    )
    assert list(trees) == ["d", "e"]
    found = trees["e"].find([("k", "v")])
    assert found is not None
    assert (found.key, found.shadow) == ("gl:ns:{domain:e}:shadow:fixed_window:k=v:minute", False)
    assert ":shadow:" in trees["d"].overridden([("k", "v")], 5, "hour").key
    shown = trees_of([domain({"key": "k", "rate_limit": limit(1)})], "ns", hidden=False)["d"].find([("k", "v")])
    assert shown is not None
    assert ":shadow:" not in shown.key


def test_a_limit_that_a_proxy_states_has_a_count_for_each_number() -> None:
    """It needs no descriptor of ours, and never meets the window of one."""
    found = tree({"key": "k", "rate_limit": limit(5, "hour")})
    stated = found.overridden([("k", "v"), ("j", "w")], 5, "hour")
    assert stated == DomainLimit(5, "hour", "gl:ns:{domain:d}:fixed_window:k=v|j=w:hour:5")
    assert stated.figures == (5, 3600)
    keys = {found.overridden([("k", "v")], requests, unit).key for requests in (5, 6) for unit in ("hour", "day")}
    assert len(keys) == 4
    assert found.find([("k", "v")]) == DomainLimit(5, "hour", "gl:ns:{domain:d}:fixed_window:k=v:hour")


@pytest.mark.parametrize(("last", "plain"), [(56, True), (57, False)])
def test_a_long_path_is_a_digest_beyond_256_characters(last: int, plain: bool) -> None:
    """Each key and value is bounded by itself; of many together there is a digest, which differs with each of them."""
    entries = [("a", "x" * 96), ("b", "y" * 96), ("c", "z" * last)]
    path = "|".join(f"{key}={value}" for key, value in entries)
    assert len(path) == 200 + last
    key = tree().overridden(entries, 1, "day").key
    assert (key == f"gl:ns:{{domain:d}}:fixed_window:{path}:day:1") == plain
    assert plain or key.startswith("gl:ns:{domain:d}:fixed_window:~")
    assert key != tree().overridden([*entries[:2], ("c", "w" * last)], 1, "day").key
