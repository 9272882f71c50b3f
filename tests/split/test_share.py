"""The laws of a split: exact shares, fixed points, and a growing target that only gains users."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateline.split.share import POINTS, Shares, Turns, point_of

weights = st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any)


def shares_of(*found: int) -> Shares:
    return Shares([(f"t{index}", weight) for index, weight in enumerate(found)])


@given(weights)
def test_the_stretches_are_the_weights(found: list[int]) -> None:
    points = shares_of(*found).points
    assert sum(width for _, width in points) == POINTS
    for (_, width), weight in zip(points, found, strict=True):
        assert abs(width - weight * POINTS / sum(found)) <= 1
        assert weight or not width


@given(weights, st.integers(0, POINTS - 1))
def test_every_point_has_a_target_with_weight(found: list[int], point: int) -> None:
    assert found[int(shares_of(*found).at(point)[1:])] > 0


@given(st.text(max_size=40), st.integers(0, 99), st.integers(0, 99), st.booleans())
def test_a_growing_canary_only_gains_users(user: str, one: int, other: int, last: bool) -> None:
    small, large = sorted((one, other))
    point = point_of(user, "canary-route")

    def at(canary: int) -> str:
        pair = [("canary", canary), ("stable", 100 - canary)]
        return Shares(pair[::-1] if last else pair).at(point)

    assert at(small) == "stable" or at(large) == "canary"


@given(st.text(), st.text())
def test_a_point_follows_from_name_and_salt_alone(user: str, salt: str) -> None:
    assert point_of(user, salt) == point_of(user, salt) < POINTS


def test_users_are_spread_as_the_weights_say() -> None:
    shares = Shares([("stable", 90), ("canary", 10)])
    found = Counter(shares.at(point_of(f"user-{number}", "r")) for number in range(20_000))
    assert 0.09 < found["canary"] / 20_000 < 0.11


def test_two_salts_choose_other_users() -> None:
    shares = Shares([("stable", 90), ("canary", 10)])
    chosen = [
        {user for user in range(2000) if shares.at(point_of(str(user), salt)) == "canary"} for salt in ("one", "two")
    ]
    assert len(chosen[0] & chosen[1]) < 50


def test_turns_give_every_stretch_its_exact_share() -> None:
    turns, shares = Turns("r"), Shares([("stable", 90), ("canary", 10)])
    found = [shares.at(turns.next()) for _ in range(POINTS)]
    assert found.count("canary") == 1000
    # Spread evenly: no hundred requests in a row are far from ten.
    assert all(8 <= found[at : at + 100].count("canary") <= 12 for at in range(0, POINTS, 100))
