"""The two forms of a decision log line: JSON for machines, one readable line for people.

They say neither a header's value nor a query. Texts are cut so that a line never exceeds what a pipe takes as one write
(4,096 bytes).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from gateline.context import Context
from gateline.runtime.outcome import Outcome
from gateline.values.decision import Deny, Unavailable

MAX_TEXT = 256
MAX_PATH = 1024
_MILLISECONDS = [f".{number:03d}Z" for number in range(1000)]
_COLOURS = {"allow": "32", "deny": "33", "reply": "32", "unavailable": "31"}

# What was decided, its outcome, what it would have been but for shadow, how long it took, the policy's revision.
Format = Callable[[Context, Outcome, Outcome | None, float, str], str]


def json_line(context: Context, outcome: Outcome, would: Outcome | None, took_s: float, revision: str) -> str:
    """One JSON object; built by hand, which costs less than a dict and `json.dumps` of it."""
    request, identity = context.request, context.identity
    request_id, method, path, client = (
        request.request_id,
        request.method,
        _path(context),
        context.client or request.peer,
    )
    user_id, credential_id = ("", "") if identity is None else (identity.user_id, identity.credential_id)
    if not _is_plain(f"{request_id}{method}{path}{client}{user_id}{credential_id}"):
        request_id, method, client = _text(request_id), _text(method), _text(client)
        user_id, credential_id = _text(user_id), _text(credential_id)
        path = _text(path, MAX_PATH)
    why = "" if would is None and not outcome.code and not context.fallbacks else _why(context)
    end = "" if would is None else f',"would":{_would(would)}'
    return (
        f'{{"time":"{_iso(request.now)}","request_id":"{request_id}","method":"{method}","path":"{path}",'
        f'"client":"{client}",{_policy(context.route.id, context.step, outcome)}{why},"user_id":"{user_id}",'
        f'"credential_id":"{credential_id}","latency_us":{int(took_s * 1e6)},"revision":"{revision}"{end}}}'
    )


@lru_cache(maxsize=16_384)
def _policy(route: str, step: str, outcome: Outcome) -> str:
    """What comes from the policy, the same for nearly every request of a route."""
    return (
        f'"route":"{_text(route)}","step":"{step}","decision":"{outcome.decision}","status":{outcome.status},'
        f'"reason":"{outcome.code}"'
    )


def _why(context: Context) -> str:
    """Details of a refusal, or of one in shadow; else which limits went by their `on_failure`."""
    decision = context.decision
    refusal = decision if isinstance(decision, Deny | Unavailable) else context.would
    fallbacks = f"without the store: {', '.join(context.fallbacks)}"
    why = fallbacks if refusal is None else refusal.problem.why
    return f',"why":"{_text(why)}"' if why else ""


def _would(would: Outcome) -> str:
    return json.dumps({"decision": would.decision, "status": would.status, "code": would.code})


def _path(context: Context) -> str:
    return context.path or context.request.target.partition("?")[0]


def _is_plain(texts: str) -> bool:
    """Whether texts are short, and are in JSON as they are: it costs half of quoting each of them."""
    return len(texts) < MAX_TEXT and texts.isascii() and texts.isprintable() and '"' not in texts and "\\" not in texts


def _text(text: str, most: int = MAX_TEXT) -> str:
    """A text as it stands between JSON's quotes, of `most` bytes at most: escapes may make it several times longer."""
    string = _escaped(text)
    if len(string) <= most:
        return string
    text = text[:most]
    while len(string := _escaped(text + "…")) > most + len(_escaped("…")):
        text = text[: len(text) // 2]
    return string


def _escaped(text: str) -> str:
    return quoted(text)[1:-1]


def _iso(unix_s: float) -> str:
    whole = int(unix_s)
    return _seconds(whole) + _MILLISECONDS[int((unix_s - whole) * 1000)]


@lru_cache(maxsize=8)
def _seconds(unix_s: int) -> str:
    """The date and time of a second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_s))


def console_line(*, colour: bool) -> Format:
    """The form for people: local time, status, request, route, user, time taken, and why it was refused."""

    def line(context: Context, outcome: Outcome, would: Outcome | None, took_s: float, _: str) -> str:
        request, identity = context.request, context.identity
        clock = time.strftime("%H:%M:%S", time.localtime(request.now))
        word = f"{outcome.decision} {outcome.status}"
        padded = f"\x1b[{_COLOURS[outcome.decision]}m{word:<15}\x1b[0m" if colour else f"{word:<15}"
        parts = [f"{clock} {padded} {_plain(request.method)} {_plain(_path(context), MAX_PATH)}"]
        parts.append(f"route={context.route.id or '-'}")
        if identity is not None:
            parts.append(f"user={_plain(identity.user_id)}")
        if identity is not None and identity.credential_id:
            parts.append(f"credential={_plain(identity.credential_id)}")
        parts.append(f"client={_plain(context.client or request.peer)}")
        if outcome.code:
            parts.append(f"step={context.step} reason={outcome.code}")
        if would is not None:
            parts.append(f"would={would.status} {would.code}")
        parts.append(f"{took_s * 1e6:.0f}µs id={_plain(request.request_id) or '-'}")
        return " ".join(parts)

    return line


def _plain(text: str, most: int = MAX_TEXT) -> str:
    """Text without control characters, which could forge lines or move a terminal's cursor."""
    text = text if text.isascii() and text.isprintable() else quoted(text)[1:-1]
    return text if len(text) <= most else text[:most] + "…"
