"""Reload: a good policy is taken, a bad one refused, and a file that is being written is let settle."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.runtime.policy_file import PolicyFile
from gateline.runtime.reload import Reloader
from gateline.values.errors import ConfigError
from tests.cli.demo import wait_until
from tests.cli.sidecar import write_policy


def policy_file(folder: Path) -> PolicyFile:
    write_policy(folder, api_keys={"file": "keys.yaml"}, authentication=[], routes=[])
    (folder / "keys.yaml").write_text("[]")
    return PolicyFile(folder / "gateline.yaml", {})


def test_every_file_that_was_read_is_watched(tmp_path):
    file = policy_file(tmp_path)
    file.read()
    assert set(file.signature()) == {tmp_path / "gateline.yaml", tmp_path / "keys.yaml"}
    before = file.signature()
    (tmp_path / "keys.yaml").write_text("# other\n[]")
    assert file.signature() != before


def test_a_file_that_is_missing_is_watched_for(tmp_path):
    file = policy_file(tmp_path)
    (tmp_path / "keys.yaml").unlink()
    with pytest.raises(ConfigError):
        file.read()
    assert file.signature()[tmp_path / "keys.yaml"] is None


def test_a_symbolic_link_that_moves_on_is_a_change(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_policy(tmp_path / name)
    link = tmp_path / "current"
    link.symlink_to("one")
    file = PolicyFile(link / "gateline.yaml", {})
    before = file.signature()
    link.unlink()
    link.symlink_to("two")
    assert file.signature() != before


def test_faults_name_the_file_as_it_was_given(tmp_path):
    with pytest.raises(ConfigError, match=r"nothing\.yaml: can't be read: No such file"):
        PolicyFile(tmp_path / "nothing.yaml", {}).read()


class Applied:
    """Counts what a reloader applies; each policy is good unless told otherwise."""

    def __init__(self) -> None:
        self.count = 0
        self.fault: Exception | None = None

    def __call__(self) -> str:
        self.count += 1
        if self.fault is not None:
            raise self.fault
        return "abc"


def test_a_policy_is_taken_or_refused_and_the_last_error_is_kept(tmp_path):
    applied = Applied()
    reloader = Reloader(policy_file(tmp_path), applied)
    reloader.reload()
    assert (reloader.counts, reloader.last_error) == ((1, 0), "")
    applied.fault = ConfigError.at(("routes",), "are odd")
    reloader.reload()
    assert (reloader.counts, reloader.last_error) == ((1, 1), "routes are odd")
    applied.fault = RuntimeError("secret")
    reloader.reload()
    assert reloader.counts == (1, 2)
    assert "secret" not in reloader.last_error
    applied.fault = None
    reloader.reload()
    assert (reloader.counts, reloader.last_error) == ((2, 2), "")


def test_a_change_is_applied_once_and_a_question_at_once(tmp_path):
    applied = Applied()
    reloader = Reloader(policy_file(tmp_path), applied)
    reloader.start()
    try:
        reloader.ask()
        wait_until(lambda: applied.count == 1)
        write_policy(tmp_path, namespace="other")
        wait_until(lambda: applied.count == 2)
        reloader.ask()
        wait_until(lambda: applied.count == 3)
    finally:
        reloader.close()
