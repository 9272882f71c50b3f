"""`domains:` reads envoyproxy/ratelimit's files, and refuses what is not done here."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.config.load import load_text
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError

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
            "  - domain: d\n    descriptors:\n      - key: a\n        rate_limit: {unit: 5}\n",
            "gateline.yaml:6: domains[0].descriptors[0].rate_limit.unit must be second, minute",
        ),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        value: true\n",
            "gateline.yaml:6: domains[0].descriptors[0].value must be text",
        ),
        (
            "  - domain: d\n    descriptors:\n      - key: a\n        value: [b]\n",
            "gateline.yaml:6: domains[0].descriptors[0].value must be text",
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
