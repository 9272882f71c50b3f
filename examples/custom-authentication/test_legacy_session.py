"""How an author tests a method: the policy runs in memory, without a proxy. Run by `pytest` in this folder."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from legacy_session import log_in

from gateline.testing import Policy, PolicyMaker
from gateline.values.decision import Allow, Deny

pytest_plugins = ["gateline.testing"]
HERE = Path(__file__).parent


@pytest.fixture
def policy(gateline_policy: PolicyMaker, tmp_path: Path) -> Policy:
    """The policy of this folder, with a database of its own."""
    for name in ("gateline.yaml", "legacy_session.py"):
        shutil.copy(HERE / name, tmp_path)
    return gateline_policy.from_file(tmp_path / "gateline.yaml")


def test_a_session_of_the_application_passes(policy: Policy, tmp_path: Path) -> None:
    """The upstream learns whose it is."""
    session = log_in(tmp_path / "sessions.db", "alice", "read:orders", time.time() + 60)
    decision = policy.decide("GET", "/orders", {"cookie": f"session={session}"})
    assert isinstance(decision, Allow)
    assert ("x-user-id", "alice") in decision.request_edits.set


def test_a_session_that_nobody_has_is_refused(policy: Policy, tmp_path: Path) -> None:
    """And `policy.notes` says why, as `gateline explain` does."""
    log_in(tmp_path / "sessions.db", "alice", "read:orders", time.time() + 60)
    decision = policy.decide("GET", "/orders", {"cookie": "session=guessed"})
    assert isinstance(decision, Deny)
    assert decision.problem.code == "invalid_token"
    assert "no such session" in policy.notes[-1].why


def test_a_session_without_the_scope_is_refused(policy: Policy, tmp_path: Path) -> None:
    """The method says who it is; the route says what that takes."""
    session = log_in(tmp_path / "sessions.db", "bob", "", time.time() + 60)
    decision = policy.decide("GET", "/orders", {"cookie": f"session={session}"})
    assert isinstance(decision, Deny)
    assert decision.problem.code == "insufficient_scope"
