"""YAML read event by event: aliases are what they stand for, and each value has its line."""

from __future__ import annotations

import pytest

from gateline.config.lines import line_of
from gateline.config.parse import parse
from gateline.values.errors import ConfigError

ALIASES = """\
base: &base {scopes: [read, write], mode: off}
again: *base
list:
  - 1
  - *base
&key name: &inner
  deep: [&one 1, *one, 0x1F, .5, ~, 'yes', yes, true, !!str 7, ! 8]
other: {*key : *inner}
"""


def test_an_alias_is_what_it_stands_for():
    data, _ = parse(ALIASES, "g.yaml")
    base = {"scopes": ["read", "write"], "mode": "off"}
    inner = {"deep": [1, 1, 31, 0.5, None, "yes", "yes", True, "7", 8]}
    assert data == {"base": base, "again": base, "list": [1, base], "name": inner, "other": {"name": inner}}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("again",), 2),
        (("again", "scopes", 1), 1),
        (("list", 0), 4),
        (("list", 1), 1),
        (("list", 7), 3),
        (("name", "deep", 9), 7),
        (("other",), 8),
        (("other", "name"), 6),
        (("other", "name", "gone", 3), 6),
        (("gone",), 1),
    ],
)
def test_a_value_has_the_line_of_its_key_or_its_own_and_below_an_alias_that_of_the_anchor(path, line: int):
    _, lines = parse(ALIASES, "g.yaml")
    assert line_of(lines, path) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: *gone\n", "g.yaml:2: is not YAML: found undefined alias"),
        ("a: &a [1]\nb: {c: &a 2}\n", "g.yaml:2: is not YAML: second occurrence"),
        ("&a x: 1\n&a y: 1\n", "g.yaml:2: is not YAML: second occurrence"),
        ("a: &a [1, *a]\n", "g.yaml:1: is not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "g.yaml:2: is not YAML: but found another document"),
        ("a:\n  - b: [!!int x]\n", "g.yaml:2: a[0].b[0] is no int"),
        ("a: !!bool ''\n", "g.yaml:1: a is no bool"),
        ("a: [!!map []]\n", "g.yaml:1: a[0] has the tag tag:yaml.org,2002:map: plain YAML only"),
        ("a:\n  ? &b {c: d}\n  : 1\n", "g.yaml:2: a has a key that is not text"),
        ("# nothing\n", "g.yaml:1: is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, expected: str):
    with pytest.raises(ConfigError) as caught:
        parse(text, "g.yaml")
    assert str(caught.value) == expected


def test_a_document_may_be_a_scalar_or_nothing():
    assert parse("--- 5\n", "g.yaml") == (5, {None: 1})
    assert parse("---\n", "g.yaml")[0] is None
