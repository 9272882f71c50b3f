"""The short way to an answer says what the long way says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ext_authz.rate_limit_answer import answer_bytes
from ext_authz.rate_limit_single import single_of
from gateline.effects import Level, TakeReply
from gateline.limit.domain_plan import Asked
from gateline.limit.domain_rules import DomainRules
from gateline.limit.domain_tree import trees_of
from gateline.limit.domains import Domain

FORMS = st.sampled_from(["both", "draft", "legacy", "off"])
LEVELS = st.one_of(
    st.builds(Level, st.just(True), st.integers(0, 2**32 - 1), st.just(0.0), st.floats(0, 4e7)),
    st.builds(lambda s: Level(False, 0, s, s), st.floats(0.000001, 4e7)),
)
LIMITS = st.fixed_dictionaries(
    {"unit": st.sampled_from(["second", "month", "week"]), "requests_per_unit": st.integers(0, 2**32 - 1)},
    optional={"name": st.text(min_size=1, max_size=150)},
)


@given(FORMS, LIMITS, LEVELS, st.floats(0, 4e9))
def test_both_ways_say_the_same(form, limit, level: Level, now: float) -> None:
    domain = Domain.model_validate({"domain": "d", "descriptors": [{"key": "k", "rate_limit": limit}]})
    rules = DomainRules(trees_of([domain], "ns", hidden=False), form)
    plan = rules.plan("d", [Asked((("k", "v"),))])
    short = single_of(plan, form)
    assert short is not None
    judged = plan.judge([TakeReply((level,))])
    assert short(level, now) == answer_bytes(judged, rules.headers(plan, judged, now), shadow=False)


def test_it_is_for_one_limit_alone() -> None:
    domain = Domain.model_validate(
        {
            "domain": "d",
            "descriptors": [
                {"key": "k", "rate_limit": {"unit": "day", "requests_per_unit": 1}},
                {"key": "s", "shadow_mode": True, "rate_limit": {"unit": "day", "requests_per_unit": 1}},
                {"key": "u", "rate_limit": {"unlimited": True}},
            ],
        }
    )
    rules = DomainRules(trees_of([domain], "ns", hidden=False))
    for names in (["s"], ["u"], ["x"], ["k", "k"]):
        assert single_of(rules.plan("d", [Asked(((name, "v"),)) for name in names]), "both") is None
