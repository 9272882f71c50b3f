"""The decision log: lines are written whole and in order, and a slow reader costs lines and no time."""

from __future__ import annotations

from gateline.runtime import decision_log
from gateline.runtime.decision_log import DecisionLog


def test_lines_are_written_in_batches_and_in_order():
    written: list[bytes] = []
    log = DecisionLog("all", written.append)
    for number in range(3):
        log.add(str(number))
    log.flush()
    log.flush()
    assert written == [b"0\n1\n2\n"]


def test_no_write_is_longer_than_a_pipe_takes_as_one_and_none_cuts_a_line():
    written: list[bytes] = []
    log = DecisionLog("all", written.append)
    lines = [letter * length for length in (1, 400, 1300, 4095) for letter in "aé" for _ in range(20)]
    for line in lines:
        log.add(line)
    log.flush()
    assert b"".join(written).decode() == "".join(f"{line}\n" for line in lines)
    for piece in written:
        assert piece.endswith(b"\n")
        assert len(piece) <= 4096 or piece.count(b"\n") == 1
    assert max(piece.count(b"\n") for piece in written) > 1


def test_a_reader_that_is_too_slow_costs_lines_that_are_counted(monkeypatch):
    monkeypatch.setattr(decision_log, "MAX_WAITING", 2)
    written: list[bytes] = []
    log = DecisionLog("all", written.append)
    for number in range(5):
        log.add(str(number))
    log.flush()
    assert written == [b"0\n1\n"]
    assert log.dropped == 3


def test_a_closed_pipe_ends_no_process():
    def closed(_: bytes) -> None:
        raise BrokenPipeError

    log = DecisionLog("all", closed)
    log.add("line")
    log.flush()
    assert log.dropped == 1


def test_what_waits_is_written_at_the_end():
    written: list[bytes] = []
    log = DecisionLog("all", written.append)
    log.start()
    log.add("line")
    log.close()
    assert written == [b"line\n"]
