"""The two forms of a decision log line: JSON for machines, one readable line for people.

Texts are cut so that a line never exceeds what a pipe takes as one write (4,096 bytes).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted

from gateline.runtime.decision_log import Entry
from gateline.runtime.outcome import Outcome

MAX_TEXT = 256
MAX_PATH = 1024
_COLOURS = {"allow": "32", "deny": "33", "reply": "32", "unavailable": "31"}


def json_line(entry: Entry) -> str:
    """One JSON object; built by hand, which costs less than a dict and `json.dumps` of it."""
    outcome = entry.outcome
    would = f',"would":{_would(entry.would)}' if entry.would is not None else ""
    why = f',"why":{_text(entry.why)}' if entry.why else ""
    return (
        f'{{"time":"{_iso(entry.now_unix_s)}","request_id":{_text(entry.request_id)},"method":{_text(entry.method)},'
        f'"path":{_text(entry.path, MAX_PATH)},"client":{_text(entry.client)},"route":{_text(entry.route)},'
        f'"step":"{entry.step}","decision":"{outcome.decision}","status":{outcome.status},'
        f'"reason":"{outcome.code}"{why},"user_id":{_text(entry.user_id)},'
        f'"credential_id":{_text(entry.credential_id)},"latency_us":{int(entry.took_s * 1e6)},'
        f'"revision":"{entry.revision}"{would}}}'
    )


def _would(would: Outcome) -> str:
    return json.dumps({"decision": would.decision, "status": would.status, "code": would.code})


def _text(text: str, most: int = MAX_TEXT) -> str:
    """The text as a JSON string of about `most` bytes at most: escapes may make it several times longer."""
    string = quoted(text)
    if len(string) <= most:
        return string
    text = text[:most]
    while len(string := quoted(text + "…")) > most + len(quoted("…")):
        text = text[: len(text) // 2]
    return string


def _iso(unix_s: float) -> str:
    whole = int(unix_s)
    return f"{_seconds(whole)}.{int((unix_s - whole) * 1000):03d}Z"


_last = (0, "")


def _seconds(unix_s: int) -> str:
    """The date and time of a second; a batch mostly needs one."""
    global _last  # noqa: PLW0603  # a memo of one entry, replaced whole
    if _last[0] != unix_s:
        _last = (unix_s, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_s)))
    return _last[1]


def console_line(*, colour: bool) -> Callable[[Entry], str]:
    """The form for people: local time, status, request, route, user, time taken, and why it was refused."""

    def line(entry: Entry) -> str:
        outcome = entry.outcome
        clock = time.strftime("%H:%M:%S", time.localtime(entry.now_unix_s))
        word = f"{outcome.decision} {outcome.status}"
        padded = f"\x1b[{_COLOURS[outcome.decision]}m{word:<15}\x1b[0m" if colour else f"{word:<15}"
        parts = [f"{clock} {padded} {_plain(entry.method)} {_plain(entry.path, MAX_PATH)}"]
        parts.append(f"route={entry.route or '-'}")
        if entry.user_id:
            parts.append(f"user={_plain(entry.user_id)}")
        if entry.credential_id:
            parts.append(f"credential={_plain(entry.credential_id)}")
        parts.append(f"client={_plain(entry.client)}")
        if outcome.code:
            parts.append(f"step={entry.step} reason={outcome.code}")
        if entry.would is not None:
            parts.append(f"would={entry.would.status} {entry.would.code}")
        parts.append(f"{entry.took_s * 1e6:.0f}µs id={_plain(entry.request_id) or '-'}")
        return " ".join(parts)

    return line


def _plain(text: str, most: int = MAX_TEXT) -> str:
    """Text without control characters, which could forge lines or move a terminal's cursor."""
    text = text if text.isascii() and text.isprintable() else quoted(text)[1:-1]
    return text if len(text) <= most else text[:most] + "…"
