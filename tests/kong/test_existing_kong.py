"""The example of a Kong that is there: few lines, its own plugins untouched, and closed when our server is away."""

from __future__ import annotations

import difflib
import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateline.authn.key_model import hash_of
from gateline.compile.kong.fencing import POST_FUNCTION, fence_document
from gateline.compile.kong.in_place import edited
from gateline.compile.kong.scopes import Scope, scopes_of
from tests.cases_support.keyring import PEPPER, keyring
from tests.kong.driver.kong import KongSide
from tests.kong.driver.lua import Exit
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.request import ClientView, SimRequest
from tests.kong.lua_function import run_lua
from tests.kong.running import BINARIES, Running, ours, stock

KEY = "gl_alicekey_AliceAliceAliceAliceAliceAlice01"


@pytest.fixture(scope="module")
def example(repository: Path) -> Path:
    return repository / "examples" / "existing-kong"


def changed(before: Path, after: Path) -> list[str]:
    """The lines of a diff, without its head."""
    lines = difflib.unified_diff(before.read_text().splitlines(), after.read_text().splitlines(), n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_fifteen_lines_of_kong_yml_are_enough(example: Path) -> None:
    assert len(changed(example / "kong-before.yml", example / "kong.yml")) <= 15


def test_the_lines_of_kong_conf_are_those_of_the_document(example: Path, repository: Path) -> None:
    document = (repository / "docs" / "kong.md").read_text(encoding="utf-8")
    added = [line[1:] for line in changed(example / "kong-before.conf", example / "kong.conf") if line[0] == "+"]
    assert len(added) == 6
    assert [line for line in added if line not in document] == []


def test_the_fence_is_what_the_command_writes(example: Path) -> None:
    text = (example / "kong.yml").read_text(encoding="utf-8")
    assert edited(text, "kong.yml", fence_document) == text


def test_the_query_command_describes_the_plugin(example: Path, repository: Path) -> None:
    conf = dict(line.split(" = ", 1) for line in (example / "kong.conf").read_text(encoding="utf-8").splitlines())
    command = shlex.split(conf["pluginserver_gateline_policy_query_cmd"])
    command[command.index("-d") + 1] = str(repository / "kong_plugins")
    found = subprocess.run([BINARIES / command[0], *command[1:]], capture_output=True, check=True, timeout=30).stdout
    assert [plugin["Name"] for plugin in json.loads(found)["Plugins"]] == ["gateline-policy"]
    start = shlex.split(conf["pluginserver_gateline_policy_start_cmd"])
    assert start[start.index("--socket") + 1] == conf["pluginserver_gateline_policy_socket"]
    deadline_s = float(start[start.index("--deadline") + 1])
    assert deadline_s < float(conf["nginx_http_lua_socket_read_timeout"].rstrip("s"))


class Installed:
    """The example's Kong, with both of its plugin servers."""

    def __init__(self, example: Path, folder: Path, server: Running, audit: Running, protocol: str) -> None:
        self.server = server
        self.document: dict[str, Any] = yaml.safe_load((example / "kong.yml").read_text(encoding="utf-8"))
        self.file = folder / "gateline.yaml"
        sockets = {"company-audit": str(audit.path)}
        self.kong = KongSide(str(server.path), protocol, sockets=sockets)
        self.audit = KongSide(str(audit.path), "msgpack")

    def ask(self, name: str, *headers: tuple[bytes, bytes], fenced: bool = True) -> ClientView:
        """A request on a route: its plugins, then the functions behind them."""
        scope = next(scope for scope in scopes_of(self.document).routes if scope.owner["name"] == name)
        sim = SimRequest(path=b"/" + name.encode(), headers=list(headers), route={"id": "1", "name": name})
        plugins = [("gateline-policy", {"file": str(self.file)})] if scope.effective("gateline-policy") else []
        return self.kong.run(sim, plugins, self._functions(scope, name) if fenced else None)

    def _functions(self, scope: Scope, name: str) -> Callable[[Pdk], None]:
        found = scope.effective(POST_FUNCTION)
        assert found is not None
        lua = found[1]["config"]["access"][0]

        def fence(pdk: Pdk) -> None:
            shared = {str(key, "ascii"): str(value, "ascii") for key, value in pdk.change.shared.items()}  # type: ignore[arg-type, call-overload]
            ran = run_lua(lua, shared, route={"name": name})
            if ran.status is not None:
                raise Exit(ran.status, json.dumps(ran.body).encode(), {})

        return fence


@pytest.fixture(scope="module", params=("protobuf", "msgpack"))
def installed(request: pytest.FixtureRequest, example: Path, tmp_path_factory: Any) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp(f"existing-{request.param}")
    shutil.copy(example / "gateline.yaml", folder)
    keyring().write(folder / ".gateline")
    record = {"id": "key-1", "prefix": "alicekey", "key": hash_of(KEY, PEPPER), "user_id": "alice"}
    keys = json.dumps([{**record, "scopes": ["read:orders"]}])
    (folder / ".gateline" / "api_keys.yaml").write_text(keys, encoding="utf-8")
    (folder / "audit").mkdir()
    plugins = Path(__file__).resolve().parents[2] / "kong_plugins"
    with (
        ours(folder, plugins, request.param, "--only", "gateline-policy", "--deadline", "2") as server,
        stock(folder / "audit", example / "plugins") as audit,
    ):
        found = Installed(example, folder, server, audit, request.param)
        yield found
        found.kong.close()
        found.audit.close()


def test_the_route_is_guarded_and_the_other_is_not(installed: Installed) -> None:
    assert installed.ask("orders").status == 401
    assert installed.ask("orders", (b"x-api-key", KEY.encode())).passed
    assert installed.ask("catalogue").passed


def test_the_plugin_that_was_there_runs_as_before(installed: Installed) -> None:
    view = installed.audit.request(SimRequest(), {"team": "orders"}, "company-audit")
    assert view.upstream is not None
    assert view.upstream.header("x-team") == [b"orders"]


def test_a_server_that_is_away_closes_the_route_and_leaves_the_other_open(installed: Installed) -> None:
    installed.server.end()
    try:
        view = installed.ask("orders", (b"x-api-key", KEY.encode()))
        assert (view.passed, view.status) == (False, 503 if "msgpack" in installed.server.command else 500)
        assert installed.ask("catalogue").passed
        without = installed.ask("orders", fenced=False)
        assert without.passed is ("msgpack" in installed.server.command), "this is why there is a fence"
    finally:
        installed.server.start()
