"""The core's side of the case tables by number, since mutmut can't use the rows' own names. Not part of `make test`."""

from __future__ import annotations

import pytest

from tests.cases_support import core_side
from tests.cases_support.gateways import Prepared, key_of, prepare
from tests.cases_support.keyring import keyring
from tests.cases_support.table import entries
from tests.cases_support.view import differences

ROWS = [row for row in entries() if row.case.runs_on("core")]
NOWHERE = "127.0.0.1:9"


@pytest.fixture(scope="session")
def gateway_of(tmp_path_factory):
    """The gateway of a row, each made when the first row asks for it: a mutant has few rows, or fails at the first."""
    folder = tmp_path_factory.mktemp("gateways")
    keyring().write(folder / ".gateline")
    made: dict[str, Prepared] = {}

    def gateway_of(row):
        key = key_of(row.gateway)
        if key not in made:
            made.update(prepare([row], folder, NOWHERE))
        return made[key]

    return gateway_of


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_row(number, gateway_of):
    """One row."""
    row = ROWS[number]
    view = core_side.run(row.case, gateway_of(row))
    assert differences(view, core_side.fitting(row.case.expect)) == [], row.id
