"""Supervisor and worker: answers find their questions, late ones are dropped, an end is noticed on either side."""

from __future__ import annotations

import socket
import threading

import pytest

from gateline.runtime.channel import Asker, answer
from gateline.values.errors import UnavailableError


def pair(questions) -> tuple[Asker, threading.Event]:
    ours, theirs = socket.socketpair()
    gone = threading.Event()
    answer(theirs, questions, gone.set)
    return Asker(ours), gone


def test_a_late_answer_is_dropped_and_the_next_question_is_answered():
    late = threading.Event()
    asker, _ = pair({"slow": lambda: [str(late.wait(5)).lower()], "quick": lambda: iter(['{"a"', ": 1}"])})
    with pytest.raises(UnavailableError, match="did not answer within"):
        asker.ask("slow", 0.01)
    assert asker.ask("quick", 5) == {"a": 1}
    late.set()
    assert asker.ask("quick", 5) == {"a": 1}
    asker.close()


def test_a_worker_hears_that_its_supervisor_is_gone():
    asker, gone = pair({})
    asker.close()
    assert gone.wait(5)


def test_a_question_to_a_worker_that_ended_fails_at_once():
    ours, theirs = socket.socketpair()
    asker = Asker(ours)
    theirs.close()
    with pytest.raises(UnavailableError):
        asker.ask("state", 5)
    asker.close()
