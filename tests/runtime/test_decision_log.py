"""The decision log: what a line says, that nobody can forge one, and that a slow reader costs lines and no time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateline.runtime import decision_log
from gateline.runtime.decision_log import DecisionLog, Entry
from gateline.runtime.log_line import console_line, json_line
from gateline.runtime.outcome import Outcome

ENTRY = Entry(
    now_unix_s=1_790_000_000.25,
    took_s=0.000123,
    request_id="id-1",
    method="GET",
    path="/v1/users",
    client="203.0.113.9",
    route="users",
    step="authorise",
    outcome=Outcome("deny", 403, "insufficient_scope"),
    why="lacks read:users",
    user_id="alice",
    credential_id="k1",
    revision="abc",
    would=None,
)


def test_a_json_line_names_everything_once():
    assert json.loads(json_line(ENTRY)) == {
        "time": "2026-09-21T14:13:20.250Z",
        "request_id": "id-1",
        "method": "GET",
        "path": "/v1/users",
        "client": "203.0.113.9",
        "route": "users",
        "step": "authorise",
        "decision": "deny",
        "status": 403,
        "reason": "insufficient_scope",
        "why": "lacks read:users",
        "user_id": "alice",
        "credential_id": "k1",
        "latency_us": 123,
        "revision": "abc",
    }


def test_a_shadowed_decision_says_what_it_would_have_been():
    line = json.loads(json_line(replace(ENTRY, would=Outcome("deny", 429, "rate_limited"))))
    assert line["would"] == {"decision": "deny", "status": 429, "code": "rate_limited"}


def test_no_text_of_a_client_can_end_a_line_or_leave_its_place():
    hostile = 'x"\n\x1b[2J\udcff{"a":1}'
    fields = dict.fromkeys(("request_id", "method", "path", "client", "user_id", "credential_id", "why"), hostile)
    entry = replace(ENTRY, **fields)
    line = json_line(entry)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["path"] == hostile
    for colour in (False, True):
        line = console_line(colour=colour)(entry)
        assert "\n" not in line
        assert "\x1b[2J" not in line
        line.encode()


def test_a_console_line_is_plain_without_a_terminal():
    line = console_line(colour=False)(ENTRY)
    assert "deny 403" in line
    assert "reason=insufficient_scope" in line
    assert "\x1b" not in line
    assert "\x1b[33m" in console_line(colour=True)(ENTRY)


def test_lines_are_written_in_batches_and_in_order():
    written: list[bytes] = []
    log = DecisionLog("all", lambda entry: entry.request_id, written.append)
    for number in range(3):
        log.add(replace(ENTRY, request_id=str(number)))
    log.flush()
    log.flush()
    assert written == [b"0\n1\n2\n"]


def test_no_write_is_longer_than_a_pipe_takes_as_one_and_none_cuts_a_line():
    written: list[bytes] = []
    log = DecisionLog("all", json_line, written.append)
    for _ in range(100):
        log.add(ENTRY)
    log.flush()
    assert len(written) > 1
    assert all(len(piece) <= 4096 and piece.endswith(b"\n") for piece in written)
    assert b"".join(written).count(b"\n") == 100


@pytest.mark.parametrize("letter", ["x", '"', "\n", "é", "😀", "\udcff"])
def test_no_line_is_longer_than_that_whatever_a_client_sends(letter: str):
    texts = ("request_id", "method", "path", "client", "user_id", "credential_id", "why")
    entry = replace(ENTRY, **dict.fromkeys(texts, letter * 5000), would=Outcome("deny", 401, "no_credentials"))
    line = json_line(entry)
    assert len(line.encode()) < 4096
    assert json.loads(line)["path"].startswith(letter * 20)
    assert len(console_line(colour=True)(entry).encode()) < 4096


def test_a_reader_that_is_too_slow_costs_lines_that_are_counted(monkeypatch):
    monkeypatch.setattr(decision_log, "MAX_WAITING", 2)
    written: list[bytes] = []
    log = DecisionLog("all", lambda entry: entry.request_id, written.append)
    for number in range(5):
        log.add(replace(ENTRY, request_id=str(number)))
    log.flush()
    assert written == [b"0\n1\n"]
    assert log.dropped == 3


def test_a_closed_pipe_ends_no_process():
    def closed(_: bytes) -> None:
        raise BrokenPipeError

    log = DecisionLog("all", json_line, closed)
    log.add(ENTRY)
    log.flush()
    assert log.dropped == 1


def test_what_waits_is_written_at_the_end():
    written: list[bytes] = []
    log = DecisionLog("all", lambda entry: entry.request_id, written.append)
    log.start()
    log.add(ENTRY)
    log.close()
    assert written == [b"id-1\n"]
