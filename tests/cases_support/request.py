"""A row's request with its token, as the client sends it."""

from __future__ import annotations

import time

from tests.cases_support.keyring import keyring
from tests.cases_support.minting import mint, place
from tests.cases_support.table import Case, RequestRow


def request_of(case: Case) -> RequestRow:
    """The request; its token is minted now, or by the row's own clock."""
    row = case.request
    if case.token is None:
        return row
    token = mint(case.token, keyring(), case.clock if case.clock is not None else time.time())
    headers = [[name, value] for name, value in row.headers if isinstance(value, str)]
    raw = [(name, value) for name, value in row.headers if not isinstance(value, str)]
    path, placed = place(token, row.path, headers)
    return row.model_copy(update={"path": path, "headers": (*(tuple(pair) for pair in placed), *raw)})
