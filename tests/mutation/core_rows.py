"""The core's side of the case tables by number, since mutmut can't use the rows' own names. Not part of `make test`."""

from __future__ import annotations

import pytest

from tests.cases_support import core_side
from tests.cases_support.echo import Echo
from tests.cases_support.gateways import key_of, prepare
from tests.cases_support.keyring import keyring
from tests.cases_support.table import entries
from tests.cases_support.view import differences

ROWS = [row for row in entries() if row.case.runs_on("core")]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory):
    """Every gateway, once."""
    folder = tmp_path_factory.mktemp("gateways")
    keyring().write(folder / ".gateline")
    echo = Echo()
    yield prepare(ROWS, folder, echo.address)
    echo.close()


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_row(number, gateways):
    """One row."""
    row = ROWS[number]
    view = core_side.run(row.case, gateways[key_of(row.gateway)])
    assert differences(view, core_side.fitting(row.case.expect)) == [], row.id
