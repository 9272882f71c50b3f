"""What is wrong between descriptors is told with its place, on any level."""

from __future__ import annotations

from gateline.limit.domain_check import faults_of
from gateline.values.errors import show_path
from tests.limit.test_domain_tree import domain, limit

NOBODY = "replaces `%s`, but no limit of this domain is called so"


def test_names_that_stand_twice_and_names_that_nobody_has() -> None:
    """A domain's name, a descriptor on one level, the name of a limit that another one replaces."""
    named = {"key": "named", "rate_limit": limit(1, name="first")}
    replacing = {"key": "b", "rate_limit": limit(1, replaces=[{"name": "first"}, {"name": "second"}])}
    deep = {"key": "up", "descriptors": [{"key": "x", "descriptors": [replacing, {"key": "b"}]}]}
    faults = faults_of(
        [
            domain({"key": "k"}, {"key": "k", "value": "v"}, {"key": "k", "value": "w"}, named, replacing, name="one"),
            domain({"key": "k"}, {"key": "j"}, {"key": "k"}, {"key": "k"}, name="two"),
            domain({"key": "up", "descriptors": [named]}, deep, {"key": "k"}, {"key": "k", "value": "v"}, name="one"),
            domain(replacing, {"key": "j", "value": "v"}, {"key": "j", "value": "v"}, name="four"),
            domain(name="two"),
        ]
    )
    assert [(show_path(fault.path), fault.message) for fault in faults] == [
        ("domains[0].descriptors[4].rate_limit.replaces[1].name", NOBODY % "second"),
        ("domains[1].descriptors[2]", "is a second descriptor `k` on this level"),
        ("domains[1].descriptors[3]", "is a second descriptor `k` on this level"),
        ("domains[2].domain", "stands here twice: `one`; put its descriptors together"),
        ("domains[2].descriptors[1]", "is a second descriptor `up` on this level"),
        ("domains[2].descriptors[1].descriptors[0].descriptors[1]", "is a second descriptor `b` on this level"),
        ("domains[2].descriptors[1].descriptors[0].descriptors[0].rate_limit.replaces[1].name", NOBODY % "second"),
        ("domains[3].descriptors[2]", "is a second descriptor `j` with the value `v` on this level"),
        ("domains[3].descriptors[0].rate_limit.replaces[0].name", NOBODY % "first"),
        ("domains[3].descriptors[0].rate_limit.replaces[1].name", NOBODY % "second"),
        ("domains[4].domain", "stands here twice: `two`; put its descriptors together"),
    ]
