"""JSON of strangers: everything that two readers might read in two ways is refused, with its reason."""

import pytest

from gateline.authn.jose.strict_json import NotStrictError, read_object

HALF_PAIR = r'"\udc80"'


def nested(depth, leaf="1"):
    """An object whose innermost list is `depth` deep."""
    return '{"a": ' + "[" * (depth - 1) + leaf + "]" * (depth - 1) + "}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no JSON (JSONDecodeError)"),
        ("{} x", "is no JSON (JSONDecodeError)"),
        ("[" * 100_000, "is no JSON (RecursionError)"),
        ("[]", "is no JSON object"),
        ('"text"', "is no JSON object"),
        ("null", "is no JSON object"),
        ('{"a": 1, "a": 1}', "has a name twice"),
        ('{"a": [{"b": 1, "b": 2}]}', "has a name twice"),
        ('{"a": NaN}', "has a number that is none (NaN, Infinity)"),
        ('{"a": -Infinity}', "has a number that is none (NaN, Infinity)"),
        ('{"a": 1e400}', "has a number out of range"),
        ('{"a": -1e400}', "has a number out of range"),
        ('{"a": ' + "1" * 33 + "}", "has a number out of range"),
        (nested(17), "is nested deeper than 16"),
        ('{"a": ' * 17 + "1" + "}" * 17, "is nested deeper than 16"),
        (f'{{"a": {HALF_PAIR}}}', "holds half a surrogate pair"),
        (f"{{{HALF_PAIR}: 1}}", "holds half a surrogate pair"),
        (f'{{"a": [[{HALF_PAIR}]]}}', "holds half a surrogate pair"),
        (r'{"a": "x\ud800"}', "holds half a surrogate pair"),
        (r'{"a": "\udfffx"}', "holds half a surrogate pair"),
    ],
)
def test_what_is_not_strict_says_why(text, why):
    """The reason is told in full, and quotes nothing."""
    with pytest.raises(NotStrictError) as caught:
        read_object(text.encode())
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ('{"a": [1, -2.5, true, null, "x"], "b": {"c": []}}', {"a": [1, -2.5, True, None, "x"], "b": {"c": []}}),
        ('{"a": ' + "1" * 32 + "}", {"a": int("1" * 32)}),
        ('{"a": 1e300}', {"a": 1e300}),
        (r'{"a": "\ud7ff\ue000", "é": "\ud83d\ude00"}', {"a": "\ud7ff\ue000", "é": "\U0001f600"}),
        ('{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_an_object_is_read_as_everybody_reads_it(text, value):
    """Values at the very edge of what is allowed."""
    assert read_object(text.encode()) == value


def test_sixteen_levels_are_read():
    """The object itself is the first of them, and the leaf counts for none."""
    assert list(read_object(nested(16, '"é"').encode())) == ["a"]
