"""Performs what authentication asks of the store: API keys, their changes, their use, revoked tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from gateline.effects import Answer, Effect, KeyChanges, KeyChangesReply, KeyGet, KeyUsed, RevokedGet
from gateline.runtime.key_names import KeyNames, in_braces
from gateline.values.errors import UnavailableError

Done = Callable[[Answer], None]
Place = Callable[[Any, float, Done], None]
# A store's command: its words, the deadline (the loop's clock), and who gets the reply or an `UnavailableError`.
Command = Callable[[tuple[str | bytes | int, ...], float, Callable[[Any], None]], None]
# Beyond so many changes it is cheaper to forget everything.
MAX_CHANGES = 1000


def answer_without_store(effect: Effect) -> Answer:
    """What a process without a store says: it has no keys beside the policy's, and nobody is revoked."""
    if isinstance(effect, KeyChanges):
        return KeyChangesReply(0, ())
    return (False,) * len(effect.names) if isinstance(effect, RevokedGet) else None


def places_without_store() -> Mapping[type[Any], Place]:
    """The places of `answer_without_store`."""

    def perform(effect: Effect, _: float, done: Done) -> None:
        done(answer_without_store(effect))

    return dict.fromkeys((KeyGet, KeyChanges, KeyUsed, RevokedGet), perform)


class KeyPlaces:
    """The places over a Redis or Valkey."""

    def __init__(self, command: Command, clock: Callable[[], float], namespace: str) -> None:
        """`clock` is the one that deadlines are counted by."""
        self._command = command
        self._clock = clock
        self._names = KeyNames(namespace)

    def places(self) -> Mapping[type[Any], Place]:
        """Effect → who performs it."""
        return {KeyGet: self._get, KeyChanges: self._changes, KeyUsed: self._used, RevokedGet: self._revoked}

    def _get(self, effect: KeyGet, deadline_s: float, done: Done) -> None:
        self._command(
            ("GET", self._names.record(effect.prefix)), self._until(effect.within_s, deadline_s), _record(done)
        )

    def _changes(self, effect: KeyChanges, deadline_s: float, done: Done) -> None:
        """Two reads in this order: a change in between is told twice, and never lost."""
        until = self._until(effect.within_s, deadline_s)

        def counted(reply: Any) -> None:
            revision = _number(reply)
            if revision is None:
                done(_failure(reply))
            elif effect.since < 0 or revision < effect.since:
                # Never read before, or the store has lost what it knew.
                done(KeyChangesReply(revision, None))
            elif revision == effect.since:
                done(KeyChangesReply(revision, ()))
            else:
                span = ("ZRANGEBYSCORE", self._names.changes, f"({effect.since}", "+inf", "LIMIT", 0, MAX_CHANGES + 1)
                self._command(span, until, lambda found: done(_changed(revision, found)))

        self._command(("GET", self._names.revision), until, counted)

    def _used(self, effect: KeyUsed, deadline_s: float, done: Done) -> None:
        self._command(("HSET", self._names.used, effect.prefix, effect.now_unix_s), deadline_s, done)

    def _revoked(self, effect: RevokedGet, deadline_s: float, done: Done) -> None:
        """One EXISTS a name, since their keys may stand on different nodes of a cluster."""
        until = self._until(effect.within_s, deadline_s)
        found: list[bool] = []
        ended = False

        def came(reply: Any) -> None:
            nonlocal ended
            if ended:
                return
            count = _number(reply)
            if count is None:
                ended = True
                done(_failure(reply))
                return
            found.append(count > 0)
            if len(found) == len(effect.names):
                ended = True
                done(tuple(found))

        for name in effect.names:
            self._command(("EXISTS", self._names.revoked(in_braces(name))), until, came)

    def _until(self, within_s: float, deadline_s: float) -> float:
        return min(deadline_s, self._clock() + within_s)


def _record(done: Done) -> Callable[[Any], None]:
    def came(reply: Any) -> None:
        if reply is None or isinstance(reply, UnavailableError):
            done(reply)
            return
        try:
            record = json.loads(reply)
        except (ValueError, TypeError, RecursionError):
            record = None
        done(record if isinstance(record, dict) else UnavailableError("key store", "a record is broken"))

    return came


def _changed(revision: int, reply: Any) -> KeyChangesReply | UnavailableError:
    if not isinstance(reply, list):
        return _failure(reply)
    prefixes = tuple(item.decode() if isinstance(item, bytes) else str(item) for item in reply)
    return KeyChangesReply(revision, prefixes if len(prefixes) <= MAX_CHANGES else None)


def _number(reply: Any) -> int | None:
    """A counter's value: 0 where it does not exist; None where the reply is no number."""
    try:
        return 0 if reply is None else int(reply)
    except (ValueError, TypeError):
        return None


def _failure(reply: Any) -> UnavailableError:
    return reply if isinstance(reply, UnavailableError) else UnavailableError("key store", "an unexpected reply")
