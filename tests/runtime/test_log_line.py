"""A decision log line: what it says, that nobody can forge one, and that none is too long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateline.context import Context
from gateline.runtime.log_line import console_line, json_line
from gateline.runtime.outcome import Outcome, outcome_of
from gateline.values.decision import Allow, Decision, deny
from gateline.values.found_route import FoundRoute
from gateline.values.headers import Headers
from gateline.values.identity import Identity
from gateline.values.request import Request

DENIED = deny("insufficient_scope", "lacks read:users")
IDENTITY = Identity("alice", "api_key", credential_id="k1")
WOULD = Outcome("deny", 429, "rate_limited")
NOW = 1_790_000_000.25


def context(
    request_id: str = "id-1",
    method: str = "GET",
    path: str = "/v1/users",
    client: str = "203.0.113.9",
    identity: Identity | None = IDENTITY,
    decision: Decision = DENIED,
) -> Context:
    made = Context(Request(method, f"{path}?q=hush", "h", Headers(), "192.0.2.1", NOW, request_id=request_id))
    made.path, made.client, made.route, made.step = path, client, FoundRoute("users"), "authorise"
    made.identity, made.decision = identity, decision
    return made


def as_json(made: Context, would: Outcome | None = None) -> dict[str, Any]:
    assert made.decision is not None
    return json.loads(json_line(made, outcome_of(made.decision), would, 0.000123, "abc"))  # type: ignore[no-any-return]


def test_a_json_line_names_everything_once():
    assert list(as_json(context()).items()) == [
        ("time", "2026-09-21T14:13:20.250Z"),
        ("request_id", "id-1"),
        ("method", "GET"),
        ("path", "/v1/users"),
        ("client", "203.0.113.9"),
        ("route", "users"),
        ("step", "authorise"),
        ("decision", "deny"),
        ("status", 403),
        ("reason", "insufficient_scope"),
        ("why", "lacks read:users"),
        ("user_id", "alice"),
        ("credential_id", "k1"),
        ("latency_us", 123),
        ("revision", "abc"),
    ]


def test_an_allow_has_no_reason_and_no_details():
    line = as_json(context(decision=Allow(IDENTITY)))
    assert (line["decision"], line["status"], line["reason"]) == ("allow", 200, "")
    assert "why" not in line


def test_what_is_not_known_yet_comes_from_the_request():
    line = as_json(context(path="", client="", identity=None))
    assert (line["path"], line["client"], line["user_id"], line["credential_id"]) == ("", "192.0.2.1", "", "")


def test_a_shadowed_decision_says_what_it_would_have_been():
    made = context(decision=Allow())
    made.would = deny("rate_limited", "none left")
    line = as_json(made, WOULD)
    assert line["would"] == {"decision": "deny", "status": 429, "code": "rate_limited"}
    assert line["why"] == "none left"


def test_the_time_is_told_to_the_millisecond_and_never_ahead():
    made = context()
    made.request.now = 1_790_000_059.9996
    assert as_json(made)["time"] == "2026-09-21T14:14:19.999Z"


HOSTILE = 'x"\n\x1b[2J\udcff{"a":1}'


def hostile(text: str) -> Context:
    identity = Identity(text, "api_key", credential_id=text)
    return context(text, text, text, text, identity, deny("insufficient_scope", text))


def test_no_text_of_a_client_can_end_a_line_or_leave_its_place():
    line = json_line(hostile(HOSTILE), outcome_of(DENIED), None, 0.0, "abc")
    assert line.isascii()
    assert "\n" not in line
    told = json.loads(line)
    fields = ("request_id", "method", "path", "client", "user_id", "credential_id", "why")
    assert [told[name] for name in fields] == [HOSTILE] * len(fields)
    for colour in (False, True):
        line = console_line(colour=colour)(hostile(HOSTILE), outcome_of(DENIED), None, 0.0, "abc")
        assert "\n" not in line
        assert "\x1b[2J" not in line
        line.encode()


@pytest.mark.parametrize("letter", ["x", '"', "\n", "é", "😀", "\udcff"])
def test_no_line_is_longer_than_a_pipe_takes_as_one_whatever_a_client_sends(letter: str):
    made = hostile(letter * 5000)
    line = json_line(made, outcome_of(DENIED), WOULD, 0.0, "abc")
    assert len(line.encode()) < 4096
    assert json.loads(line)["path"].startswith(letter * 20)
    assert len(console_line(colour=True)(made, outcome_of(DENIED), WOULD, 0.0, "abc").encode()) < 4096


@pytest.mark.parametrize("name", ["request_id", "method", "path", "client", "user_id", "credential_id"])
def test_one_text_that_is_too_long_is_cut_and_no_other(name: str):
    """The letters of a text are 256 at most, a path's 1,024."""
    most = 1024 if name == "path" else 256
    plain = as_json(context())
    for long, told in (("/" * most, "/" * most), ("/" * (most + 1), "/" * most + "…")):
        who = {"user_id": "alice", "credential_id": "k1"} | {name: long}
        identity = Identity(who["user_id"], "api_key", credential_id=who["credential_id"])
        line = as_json(context(identity=identity, **{name: long} if name not in {"user_id", "credential_id"} else {}))
        assert line[name] == told
        assert {**line, name: ""} == {**plain, name: ""}


def test_a_console_line_is_plain_without_a_terminal():
    line = console_line(colour=False)(context(), outcome_of(DENIED), None, 0.0, "abc")
    assert "deny 403" in line
    assert "reason=insufficient_scope" in line
    assert "user=alice credential=k1 client=203.0.113.9" in line
    assert "\x1b" not in line
    assert "\x1b[33m" in console_line(colour=True)(context(), outcome_of(DENIED), None, 0.0, "abc")


def test_a_console_line_without_a_user_names_none():
    line = console_line(colour=False)(context(identity=None), outcome_of(DENIED), None, 0.0, "abc")
    assert "user=" not in line
    assert "credential=" not in line
