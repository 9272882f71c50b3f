"""The case tables, through every adapter: the same request, the same answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases_support import core_side
from tests.cases_support.echo import Echo
from tests.cases_support.envoy_side import EnvoySide
from tests.cases_support.gateways import Prepared, key_of, prepare
from tests.cases_support.keyring import keyring
from tests.cases_support.kong_side import KongCases, route_of, server_of
from tests.cases_support.table import Entry, entries
from tests.cases_support.view import differences

ROWS = entries()
LEAST_ROWS = 100


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Prepared]]:
    folder = tmp_path_factory.mktemp("gateways")
    keyring().write(folder / ".gateline")
    echo = Echo()
    yield prepare(ROWS, folder, echo.address)
    echo.close()


@pytest.fixture(scope="module")
def envoy(gateways: dict[str, Prepared], tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnvoySide]:
    wanted = {key_of(row.gateway) for row in ROWS if row.case.runs_on("envoy")}
    side = EnvoySide([gateways[key] for key in sorted(wanted)], tmp_path_factory.mktemp("envoy"))
    yield side
    side.close()


@pytest.mark.parametrize("row", [r for r in ROWS if r.case.runs_on("core")], ids=lambda row: row.id)
def test_core(row: Entry, gateways: dict[str, Prepared]) -> None:
    view = core_side.run(row.case, gateways[key_of(row.gateway)])
    assert differences(view, core_side.fitting(row.case.expect)) == []


@pytest.mark.parametrize("row", [r for r in ROWS if r.case.runs_on("envoy")], ids=lambda row: row.id)
def test_envoy(row: Entry, gateways: dict[str, Prepared], envoy: EnvoySide) -> None:
    view = envoy.run(row.case, gateways[key_of(row.gateway)])
    assert differences(view, row.case.expect) == []


KONG_ROWS = [row for row in ROWS if row.case.runs_on("kong")]


@pytest.fixture(scope="module", params=("protobuf", "msgpack"))
def kong(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KongCases]:
    with server_of(tmp_path_factory.mktemp("kong"), request.param) as server:
        side = KongCases(server, request.param)
        yield side
        side.close()


@pytest.mark.parametrize("row", KONG_ROWS, ids=lambda row: row.id)
def test_kong(row: Entry, gateways: dict[str, Prepared], kong: KongCases) -> None:
    view = kong.run(row.case, gateways[key_of(row.gateway)])
    assert differences(view, row.case.expect) == []


@pytest.mark.parametrize("row", KONG_ROWS, ids=lambda row: row.id)
def test_kong_by_the_name_of_its_own_route(row: Entry, gateways: dict[str, Prepared], kong: KongCases) -> None:
    prepared = gateways[key_of(row.gateway)]
    route = route_of(row.case, prepared)
    if route is None:
        pytest.skip("no route matches: Kong has none to name")
    assert differences(kong.run(row.case, prepared, named=route.id), row.case.expect) == []


def test_every_row_that_differs_says_why(repository: Path) -> None:
    """`docs/parity.md` lists each row that holds on some proxies only."""
    parity = (repository / "docs" / "parity.md").read_text()
    missing = [row.id for row in ROWS if row.case.only is not None and row.case.name not in parity]
    assert missing == []


def test_there_are_enough_rows_and_each_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    differing = sum(row.case.only is not None for row in ROWS)
    core_only = sum(not row.case.runs_on("envoy") and row.case.only is None for row in ROWS)
    with capsys.disabled():
        print(f"\n{len(ROWS)} rows, {differing} differ by proxy, {core_only} need a clock or scripted replies")
    assert len(ROWS) >= LEAST_ROWS
    bodies = [(key_of(r.gateway), r.case.model_dump_json(exclude={"name"})) for r in ROWS]
    assert len(set(bodies)) == len(bodies), "two rows ask the same thing"
