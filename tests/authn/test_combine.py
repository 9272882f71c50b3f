"""Several methods on one route: who decides, what they say together, and what `explain` tells of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateline.authn.combine import Methods, authenticate_step, refused
from gateline.context import Context, Note
from gateline.effects import RevokedGet
from gateline.values.decision import deny, unavailable
from gateline.values.headers import Headers
from gateline.values.identity import NOT_MINE, Figures, Identity, NotMine, Refused
from gateline.values.request import Needs, Request

ALICE = Identity("alice", "jwt")
GUEST = Identity("anonymous", "anonymous")
BAD = Refused("invalid_token", "is bad", 'Bearer error="invalid_token"', (("retry-after", "1"),))
FOREIGN = NotMine(BAD)
AWAY = unavailable("dependency_unavailable", "no keys")
EFFECT = RevokedGet((), 1.0)
CHALLENGE = 'Bearer error="invalid_token"'
ASKING = ["at once", "first asks", "second asks", "both ask"]


@dataclass
class Fixed:
    """A method with one outcome, which may ask the world before it."""

    name: str
    outcome: Any
    asks: bool = False
    challenge: str = ""
    needs: Needs = field(default_factory=Needs)

    def authenticate(self, context):
        assert context.request.target == "/"
        return self.asking() if self.asks else self.outcome

    def asking(self):
        assert (yield EFFECT) == "answer"
        return self.outcome


def judge(*outcomes, asks="at once", every=False, required=True, notes=True):
    """The end, the identity that was set, and what was told."""
    askers = {"at once": (), "first asks": (0,), "second asks": (1,), "both ask": (0, 1)}[asks]
    challenges = ("Bearer", "", "Basic")
    methods = tuple(
        Fixed(f"m{index}", outcome, index in askers, challenges[index % 3]) for index, outcome in enumerate(outcomes)
    )
    told = [Note("authentication", "", "")]
    request = Request("GET", "/", "api.example.com", Headers.of(()), "192.0.2.1", 0.0)
    context = Context(request, notes=told if notes else None)
    end = authenticate_step(Methods(methods, every, required))(context)
    if hasattr(end, "send"):
        end = driven(end)
    return end, context.identity, told[0].why


def driven(asking):
    reply = None
    try:
        while True:
            assert asking.send(reply) is EFFECT
            reply = "answer"
    except StopIteration as stop:
        return stop.value


@pytest.mark.parametrize("asks", ASKING)
@pytest.mark.parametrize(
    ("outcomes", "identity", "why"),
    [
        ((ALICE, BAD), ALICE, "m0: alice"),
        ((NOT_MINE, ALICE, BAD), ALICE, "m0: no credential; m1: alice"),
        ((FOREIGN, ALICE), ALICE, "m0: not for it; m1: alice"),
        ((NOT_MINE, GUEST), GUEST, "m0: no credential; m1: anonymous"),
        ((NOT_MINE, NOT_MINE, ALICE), ALICE, "m0: no credential; m1: no credential; m2: alice"),
    ],
)
def test_the_first_credential_decides(outcomes, identity, why, asks):
    """Whichever of the methods has to ask the world, and whoever listens."""
    assert judge(*outcomes, asks=asks) == (None, identity, why)
    assert judge(*outcomes, asks=asks, notes=False) == (None, identity, "")


@pytest.mark.parametrize("asks", ASKING)
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize(
    ("outcomes", "end", "why"),
    [
        ((BAD, ALICE), refused(BAD, "m0"), ""),
        ((NOT_MINE, BAD), refused(BAD, "m1"), "m0: no credential"),
        ((AWAY, ALICE), unavailable("dependency_unavailable", "m0: no keys"), ""),
        ((FOREIGN, GUEST), refused(BAD), "m0: not for it"),
        ((FOREIGN, NOT_MINE), refused(BAD), "m0: not for it; m1: no credential"),
        ((FOREIGN, NotMine(Refused("unknown_key", "x"))), refused(BAD), "m0: not for it; m1: not for it"),
        ((NOT_MINE, FOREIGN), refused(BAD), "m0: no credential; m1: not for it"),
        ((FOREIGN, GUEST, ALICE), refused(BAD), "m0: not for it"),
    ],
)
def test_a_bad_credential_is_the_end(outcomes, end, why, every, asks):
    """It neither turns into none nor is made up for; of two that are nobody's, the first is told."""
    assert judge(*outcomes, asks=asks, every=every) == (end, None, why)
    assert judge(*outcomes, asks=asks, every=every, notes=False) == (end, None, "")


def test_no_credential_at_all_is_challenged_by_every_method_that_can():
    """Each challenge once (RFC 9110 §11.6.1)."""
    headers = (("www-authenticate", "Bearer"), ("www-authenticate", "Basic"))
    end = deny("no_credentials", "no credential of an accepted method", headers)
    told = "m0: no credential; m1: no credential; m2: no credential; m3: no credential"
    assert judge(*[NOT_MINE] * 4) == (end, None, told)
    told = "m0: no credential; no credentials, and none required"
    assert judge(NOT_MINE, required=False) == (None, None, told)
    assert judge(NOT_MINE, every=True, required=False) == (None, None, told)


@pytest.mark.parametrize("notes", [True, False])
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("asks", ASKING)
@pytest.mark.parametrize("outcomes", [(ALICE, NOT_MINE), (NOT_MINE, ALICE)])
def test_one_credential_is_not_enough_where_all_are_asked_for(outcomes, asks, required, notes):
    """Even on a route that would pass a request without any."""
    end, _, _ = judge(*outcomes, asks=asks, every=True, required=required, notes=notes)
    assert (end.problem.code, end.problem.why) == ("no_credentials", "no credential of an accepted method")
    assert end.headers == (("www-authenticate", "Bearer"),)


@pytest.mark.parametrize("asks", ASKING)
def test_all_that_are_asked_for_speak_together(asks):
    """Their scopes, roles, groups and claims add up; where both speak, the first is heard."""
    first = Identity("alice", "jwt", None, {"a"}, {"r"}, {"g"}, None, "", {"x": 1, "y": 1})
    other = Identity("alice", "api_key", "acme", {"b"}, {"s"}, {"h"}, "gold", "key-1", {"x": 2, "z": 2}, Figures(9))
    end, both, told = judge(first, other, asks=asks, every=True)
    assert (end, told) == (None, "m0: alice; m1: alice")
    assert both == Identity(
        "alice", "jwt", "acme", {"a", "b"}, {"r", "s"}, {"g", "h"}, "gold", "key-1",
        {"x": 1, "y": 1, "z": 2}, Figures(9),
    )  # fmt: skip
    _, both, _ = judge(other, first, asks=asks, every=True)
    assert (both.method, both.tenant, both.tier, both.credential_id) == ("api_key", "acme", "gold", "key-1")
    assert (both.figures, both.claims) == (Figures(9), {"x": 2, "y": 1, "z": 2})
    _, both, _ = judge(Identity("a", "jwt", "t", tier=""), Identity("a", "mtls", "t", tier="x"), every=True)
    assert (both.tenant, both.tier) == ("t", "")


@pytest.mark.parametrize("asks", ASKING)
@pytest.mark.parametrize(
    ("first", "other", "conflict"),
    [
        (("alice", None), ("bob", None), True),
        (("alice", "acme"), ("alice", "globex"), True),
        (("alice", "acme"), ("alice", "acme"), False),
        (("alice", "acme"), ("alice", None), False),
        (("alice", None), ("alice", "acme"), False),
        (("alice", None), ("bob", "acme"), True),
    ],
)
def test_credentials_of_two_users_are_refused(first, other, conflict, asks):
    """A tenant that only one of them names is no conflict."""
    made = [Identity(user, "jwt", tenant) for user, tenant in (first, other)]
    end, _, _ = judge(*made, asks=asks, every=True)
    expected = deny("conflicting_credentials", "m1 names another user than the methods before")
    assert end == (expected if conflict else None)


@pytest.mark.parametrize("asks", ASKING)
def test_an_outcome_that_is_none_is_a_bug_and_no_identity(asks):
    """The method is named."""
    with pytest.raises(TypeError, match=r"^the method m1 returned str$"):
        judge(NOT_MINE, "alice", asks=asks)


def test_a_refusal_carries_its_challenge_and_headers():
    """Where it has them; the method's name goes before the reason, which is not the client's."""
    headers = (("www-authenticate", CHALLENGE), ("retry-after", "1"))
    assert refused(BAD, "main") == deny("invalid_token", "main: is bad", headers)
    assert refused(BAD) == deny("invalid_token", "is bad", headers)
    assert refused(Refused("unknown_key", "no such key")) == deny("unknown_key", "no such key")
