"""Methods of somebody else's: what is taken, and that nothing they do is a way in."""

import pytest

from gateline.testing import MemoryWorld
from gateline.values.errors import ConfigError
from gateline.values.identity import NOT_MINE, Identity
from gateline.values.request import Needs
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

class Card:
    class Reader:
        identity = Identity("card", "card")

        def authenticate(self, context):
            return self.identity

class Eager(Card.Reader):
    needs = Needs(body=True)

class Needy:
    needs = ["x-badge"]

    def authenticate(self, context):
        return None


class Mute:
    pass

class Picky:
    def __init__(self):
        raise ValueError("never")

def plain(context):
    return Identity("plain", "custom")

def lean(context):
    return NOT_MINE

lean.needs = Needs(query=True)

def nothing(context):
    return None

def truth(context):
    return True

def raises(context):
    raise RuntimeError("secret")

def later(context):
    yield InPool(lambda: 1 / 0, 1.0)
    return Identity("no", "custom")

def last(context):
    yield InPool(lambda: 1, 1.0)
    return 7

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


def test_its_identity_carries_the_tag_of_custom_methods_and_nothing_that_is_known_of_another(custom):
    """Under another tag, rules might have been worked out for it already."""
    made = custom("badges:Card.Reader")
    first = made.decide().identity
    assert (first.user_id, first.method) == ("card", "custom")
    assert made.decide().identity.memo is not first.memo


def test_an_identity_with_the_tag_is_taken_as_it_is(policy):
    """What the pipeline worked out for it once stays with it."""
    made = policy(gateway({"name": "own", "method": "custom", "class": "tests.authn.test_custom:installed"}))
    assert made.decide().identity is INSTALLED
    assert made.notes[-1].why == "own: installed"


def test_options_reach_the_class(custom):
    assert said(custom("badges:Badge", options={"letters": "z"}).decide(headers={"x-badge": "z"})) == (200, "badge-z")


def test_a_plain_function_is_a_method_that_asks_for_nothing(custom, policy):
    """Without a challenge there is no header of it."""
    assert said(custom("badges:plain").decide()) == (200, "plain")
    made = custom("tests.authn.test_custom:nobody")
    decision = made.decide()
    assert (said(decision), decision.headers) == ((401, "no_credentials"), ())


EVERYTHING = Needs(headers="all", query=True, client_address=True, certificate=True)


@pytest.mark.parametrize(
    ("name", "rest", "needs"),
    [
        ("badges:plain", {}, EVERYTHING),
        ("badges:Card.Reader", {}, EVERYTHING),
        ("badges:lean", {}, Needs(query=True)),
        ("badges:plain", {"body": True}, EVERYTHING | Needs(body=True)),
        ("badges:Badge", {}, Needs(headers=frozenset({"x-badge"}))),
        ("badges:Badge", {"body": True}, Needs(headers=frozenset({"x-badge"}), body=True)),
        ("badges:Eager", {"body": True}, Needs(body=True)),
    ],
)
def test_it_is_told_what_it_needs_and_everything_where_it_does_not_say(custom, name, rest, needs):
    """On Kong, each of these is a call that is made or not."""
    told = custom(name, **rest).pipeline.snapshot.routes["all"].needs
    asked_for = custom("tests.authn.test_custom:Bare").pipeline.snapshot.routes["all"].needs
    assert told == needs | asked_for


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("badges:nothing", "internal_error", "own: returned NoneType, which is no outcome"),
        ("badges:truth", "internal_error", "own: returned bool, which is no outcome"),
        ("badges:last", "internal_error", "own: returned int, which is no outcome"),
        ("badges:raises", "internal_error", "RuntimeError in gateline_custom.badges:"),
        ("badges:later", "dependency_unavailable", "InPool: ZeroDivisionError"),
    ],
)
def test_what_is_no_outcome_is_503_and_tells_nothing_but_the_kind(custom, name, code, why):
    """`gateline explain` is where its author looks."""
    made = custom(name)
    decision = made.decide()
    assert said(decision) == (503, code)
    assert decision.problem.why.startswith(why)
    assert "secret" not in repr(made.notes)


@pytest.mark.parametrize(
    ("name", "rest", "fault"),
    [
        ("badges:Missing", {}, "class `badges:Missing` can't be had: AttributeError: module"),
        ("badges:Card.Missing", {}, "class `badges:Card.Missing` can't be had: AttributeError: type object 'Card'"),
        ("no_such_module:X", {}, "class `no_such_module:X` can't be had: ModuleNotFoundError: No module named"),
        ("no-such", {}, "class names no entry point of gateline.authentication: `no-such`; there are: badge, pass"),
        ("badges:ANSWER", {}, "class names no class and no function: `badges:ANSWER`"),
        ("badges:Mute", {}, "class `badges:Mute` has no method `authenticate`"),
        ("badges:Needy", {}, "class `badges:Needy` has `needs` of list, not Needs"),
        ("badges:Eager", {}, "class `badges:Eager` reads the body: say so with `body: true`"),
        ("badges:Picky", {}, "options `badges:Picky` does not take them: never"),
        ("badges:Badge", {"options": {"x": 1}}, "options `badges:Badge` does not take them: Badge.__init__() got an"),
        ("badges:plain", {"options": {"x": 1}}, "options `badges:plain` is a function, which takes no options"),
        ("badges Badge", {}, "class must match"),
    ],
)
def test_what_can_not_be_had_is_refused_at_load(custom, entry_points, name, rest, fault):
    """Each with its place in the file."""
    with pytest.raises(ConfigError) as error:
        custom(name, **rest)
    assert str(error.value).startswith(f"inline: authentication[0].{fault}")


def test_where_no_package_gives_any_the_fault_says_so(custom):
    """Else one would look for a list that is empty."""
    with pytest.raises(ConfigError, match=r"`badge`; there are: no package gives any$"):
        custom("badge")


class Point:
    """An entry point, as an installed package has it."""

    def __init__(self, name):
        self.name = name

    def load(self):
        return installed


@pytest.fixture
def entry_points(monkeypatch):
    """Two of our group, in no order."""
    from gateline.authn.methods import custom as module

    points = {"gateline.authentication": [Point("pass"), Point("badge")]}
    monkeypatch.setattr(module, "entry_points", lambda group: points[group])


@pytest.mark.usefixtures("entry_points")
def test_an_installed_package_gives_a_method_by_its_entry_point(custom):
    assert said(custom("badge").decide()) == (200, "installed")


def test_a_module_in_a_folder_is_read_anew_with_each_policy(custom, tmp_path):
    """An edit counts with the next policy; dataclasses find their module."""
    (tmp_path / "own").mkdir()
    for user in ("first", "second"):
        (tmp_path / "own" / "door.py").write_text(DATACLASS.replace("USER", user))
        assert said(custom("own.door:Door").decide()) == (200, user)


DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from gateline.values.identity import Identity

@dataclass
class Door:
    known: ClassVar[int] = 1
    user: str = "USER"

    def authenticate(self, context):
        return Identity(self.user, "custom")
"""
INSTALLED = Identity("installed", "custom")


def installed(context):
    """A method of an installed module."""
    return INSTALLED


def nobody(context):
    """Finds no credential of its own."""
    return NOT_MINE


class Bare:
    """Reads nothing at all."""

    needs = Needs()

    def authenticate(self, context):
        return NOT_MINE
