"""The short way to read headers says what the general one says, or nothing."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.protocol.text import to_str
from kong_plugins.protocol.texts import texts
from kong_plugins.protocol.values import decode_struct, encode_struct

raw = st.binary(max_size=300).map(to_str)
values = st.one_of(raw, st.booleans(), st.floats(allow_nan=False), st.lists(raw, min_size=1, max_size=3))


@given(st.dictionaries(raw, raw, max_size=8))
def test_texts_are_read_as_they_are(pairs: dict[str, str]) -> None:
    assert texts(encode_struct(dict(pairs))) == pairs


@given(st.dictionaries(raw, values, max_size=5))
def test_anything_else_is_left_to_the_general_way(pairs: dict[str, object]) -> None:
    found = texts(encode_struct(dict(pairs)))
    assert found is None or found == pairs


@given(st.binary(max_size=80), st.dictionaries(raw, raw, max_size=2), st.integers(0, 80))
@example(b"\x0a\x05\x0a\x01a", {}, 0)
def test_bytes_that_are_broken_are_never_read_as_texts(noise: bytes, pairs: dict[str, str], cut: int) -> None:
    data = encode_struct(dict(pairs))[:cut] + noise
    found = texts(data)
    if found is not None:
        try:
            assert decode_struct(data) == found
        except ProtocolError:
            raise AssertionError("the general way refuses these bytes") from None
