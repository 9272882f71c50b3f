"""The bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from gateline.recent import Recent


def test_what_is_in_use_stays_while_others_pass_through():
    recent: Recent[int, str] = Recent(10)
    recent.put(0, "in use")
    for number in range(1, 1000):
        recent.put(number, "once")
        assert recent.get(0) == "in use"


def test_heavy_entries_push_out_sooner_and_too_heavy_ones_are_not_kept():
    recent: Recent[str, int] = Recent(100)
    recent.put("a", 1, 40)
    recent.put("b", 2, 40)
    recent.put("c", 3, 40)
    assert recent.get("a") is None
    assert recent.get("b") == 2
    recent.put("d", 4, 51)
    assert recent.get("d") is None


def test_a_dropped_entry_is_gone_and_its_weight_is_free():
    recent: Recent[str, int] = Recent(10)
    recent.put("a", 1, 5)
    recent.drop("a")
    recent.put("b", 2, 5)
    assert recent.get("a") is None
    assert recent.get("b") == 2
    recent.drop("unknown")
    recent.clear()
    assert len(recent) == 0


def test_what_was_drained_is_empty_and_takes_as_much_as_before():
    recent: Recent[int, str] = Recent(10)
    for number in range(8):
        recent.put(number, "before")
    recent.drain()
    assert len(recent) == 0
    for number in range(5):
        recent.put(number, "after")
    assert [recent.get(number) for number in range(5)] == ["after"] * 5


@given(st.lists(st.tuples(st.sampled_from("pgd"), st.integers(0, 30)), max_size=300), st.integers(1, 20))
def test_it_never_holds_more_than_its_capacity_nor_what_was_not_put(moves, capacity):
    recent: Recent[int, int] = Recent(capacity)
    model: dict[int, int] = {}
    for step, (move, key) in enumerate(moves):
        if move == "p":
            recent.put(key, step)
            model[key] = step
        elif move == "d":
            recent.drop(key)
            model.pop(key, None)
        else:
            assert recent.get(key) in (None, model.get(key))
        assert len(recent) <= max(2, capacity)
