"""Methods of somebody else's: what is taken, and that nothing they do is a way in."""

import pytest

from gateline.effects import InPool
from gateline.testing import MemoryWorld
from gateline.values.errors import ConfigError
from tests.authn.gateways import gateway, said

MODULE = """
from gateline.effects import InPool
from gateline.values.identity import NOT_MINE, Identity, Refused
from gateline.values.request import Needs

class Badge:
    challenge = "Badge"
    needs = Needs(headers=frozenset({"x-badge"}))

    def __init__(self, letters="abc"):
        self.letters = letters

    def authenticate(self, context):
        badge = context.request.headers.first("x-badge")
        if badge is None:
            return NOT_MINE
        if badge not in self.letters:
            return Refused("invalid_token", "no such badge", self.challenge)
        return Identity(f"badge-{badge}", "badge")

class Slow(Badge):
    def authenticate(self, context):
        found = yield InPool(lambda: super(Slow, self).authenticate(context), 1.0)
        return found

class Mute:
    pass

class Picky:
    def __init__(self):
        raise ValueError("never")

def plain(context):
    return Identity("plain", "custom")

def nothing(context):
    return None

def truth(context):
    return True

def raises(context):
    raise RuntimeError("secret")

def later(context):
    yield InPool(lambda: 1 / 0, 1.0)
    return Identity("no", "custom")

ANSWER = 42
"""


@pytest.fixture
def custom(policy, tmp_path):
    (tmp_path / "badges.py").write_text(MODULE)

    def make(name, **rest):
        return policy(gateway({"name": "own", "method": "custom", "class": name, **rest}), world=MemoryWorld())

    return make


@pytest.mark.parametrize("name", ["badges:Badge", "badges:Slow"])
def test_a_class_decides_at_once_or_by_effects(custom, name):
    made = custom(name)
    assert said(made.decide(headers={"x-badge": "a"})) == (200, "badge-a")
    assert said(made.decide(headers={"x-badge": "z"})) == (401, "invalid_token")
    refused = made.decide()
    assert said(refused) == (401, "no_credentials")
    assert dict(refused.headers)["www-authenticate"] == "Badge"


def test_its_identity_carries_the_tag_of_custom_methods(custom):
    assert custom("badges:Badge").decide(headers={"x-badge": "a"}).identity.method == "custom"


def test_options_reach_the_class(custom):
    assert said(custom("badges:Badge", options={"letters": "z"}).decide(headers={"x-badge": "z"})) == (200, "badge-z")


def test_a_plain_function_is_a_method(custom):
    made = custom("badges:plain")
    assert said(made.decide()) == (200, "plain")
    assert made.pipeline.snapshot.routes["all"].needs.headers == "all"


@pytest.mark.parametrize("name", ["badges:nothing", "badges:truth", "badges:raises", "badges:later"])
def test_what_is_no_outcome_is_503_and_tells_nothing(custom, name):
    made = custom(name)
    decision = made.decide()
    assert decision.problem.status == 503
    assert "secret" not in repr(made.notes)


@pytest.mark.parametrize(
    ("name", "rest", "why"),
    [
        ("badges:Missing", {}, "can't be had: AttributeError"),
        ("no_such_module:X", {}, "can't be had: ModuleNotFoundError"),
        ("no-such-entry-point", {}, "names no entry point"),
        ("badges:ANSWER", {}, "no class and no function"),
        ("badges:Mute", {}, "has no method `authenticate`"),
        ("badges:Picky", {}, "never"),
        ("badges:Badge", {"options": {"x": 1}}, "does not take them"),
        ("badges:plain", {"options": {"x": 1}}, "takes no options"),
        ("badges Badge", {}, "must match"),
    ],
)
def test_what_can_not_be_had_is_refused_at_load(custom, name, rest, why):
    with pytest.raises(ConfigError, match=why):
        custom(name, **rest)


def test_an_installed_package_gives_a_method_by_its_entry_point(custom, monkeypatch):
    from gateline.authn.methods import custom as module

    class Point:
        name = "badge"

        def load(self):
            return lambda context: (yield InPool(lambda: 1, 1.0))

    monkeypatch.setattr(module, "entry_points", lambda group: [Point()] if group == "gateline.authentication" else [])
    assert custom("badge").decide().problem.status == 503


def test_a_module_that_is_installed_is_imported(policy):
    method = {"name": "own", "method": "custom", "class": "tests.authn.test_custom:installed"}
    assert said(policy(gateway(method)).decide()) == (200, "installed")


def installed(context):
    from gateline.values.identity import Identity

    return Identity("installed", "custom")
