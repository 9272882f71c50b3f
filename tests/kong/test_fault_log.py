"""Tracebacks: once in full, then counted now and then."""

from kong_plugins.runtime.faults import REPEAT_S, FaultLog


def fails(text: str) -> None:
    raise ValueError(text)


def fault(text: str) -> Exception:
    try:
        fails(text)
    except ValueError as error:
        return error
    raise AssertionError


def test_a_fault_is_written_once_and_then_counted() -> None:
    """A thousand a second are one traceback and one line in ten seconds; another plugin's are its own."""
    lines: list[str] = []
    now = [0.0]
    log = FaultLog(lines.append, lambda: now[0])
    for _ in range(1000):
        log.report("a", "access", fault("boom"))
    assert len(lines) == 1
    assert lines[0].startswith("[a] access: ValueError: boom\nTraceback")
    now[0] = REPEAT_S
    log.report("a", "access", fault("boom"))
    assert lines[1:] == ["[a] access: ValueError: boom: 1000 more, traceback above"]
    log.report("b", "access", fault("boom"))
    assert lines[2].startswith("[b] access: ValueError: boom\nTraceback")


def test_texts_of_an_attacker_do_not_fill_the_log() -> None:
    """The place of a fault makes its kind, not its text, which may hold what the client sent."""
    lines: list[str] = []
    log = FaultLog(lines.append, lambda: 0.0)
    for number in range(100):
        log.report("a", "access", fault(f"bad header {number}"))
    assert len(lines) == 1
