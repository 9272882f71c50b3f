"""Policies in memory, with the keyring's files beside them."""

from __future__ import annotations

import pytest

from gateline.testing import PolicyMaker
from tests.cases_support.keyring import keyring


@pytest.fixture
def policy(tmp_path):
    """Makes policies; `.gateline/` holds the keyring's files."""
    keyring().write(tmp_path / ".gateline")
    return PolicyMaker(tmp_path)
