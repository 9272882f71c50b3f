"""Every snippet of the documents and the example, behind a real Envoy and through Kong's protocol: one request passes,
one is refused.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateline.config.load import load_data
from gateline.config.parse import parse
from gateline.schema.secret import Sources
from tests.cases_support import core_side
from tests.cases_support.echo import Echo
from tests.cases_support.envoy_side import EnvoySide
from tests.cases_support.gateways import Prepared, key_of
from tests.cases_support.keyring import keyring
from tests.cases_support.kong_side import KongCases, server_of
from tests.cases_support.table import Case
from tests.cases_support.view import differences

ROOT = Path(__file__).resolve().parents[2]
SNIPPET = re.compile(r"```yaml\n# snippet: (\S+)\n(.*?)```", re.DOTALL)
HTPASSWD = "alice:$2b$04$IQODN22UuWpqJifegbJIyeH13zracEJ1SWetTk6mUwF0.rBSfcxn.\n"
KEY = [["x-api-key", "gl_alicekey_AliceAliceAliceAliceAliceAlice01"]]
# Behind Envoy it takes a listener with TLS: tests/compile has one, with its handshake.
TLS = "mtls"
MAIN = {"name": "main", "method": "jwt", "issuer": "https://auth.example.com", "audience": "api.example.com"}
KEYED = {**MAIN, "keys": {"jwks_file": ".gateline/jwks.json"}}
ACTIVE = {"HttpCall": {"status": 200, "body": '{"active": true, "sub": "alice", "scope": ""}'}}
AWAY = {"HttpCall": "unavailable"}


def row(status, token=None, headers=(), path="/", method="GET", replies=None, code=None):
    request = {"path": path, "headers": headers, "method": method}
    expect = {"status": status, "code": code}
    return {"request": request, "token": token, "replies": replies or {}, "expect": expect}


ROWS = {
    "jwt": [row(200, {}), row(401, {"signature": "flip"})],
    "jwt-rfc9068": [
        row(200, {"header": {"typ": "at+jwt"}, "claims": {"client_id": "c", "jti": "1"}}),
        row(401, {}),
    ],
    "jwt-remote": [row(503, {}, replies=AWAY), row(401, {"alg": "none"})],
    "jwt-discovery": [row(503, {}, replies=AWAY), row(401, {"alg": "none"})],
    "claim-headers": [row(200, {"claims": {"email": "a@example.com"}}), row(401)],
    "resource-metadata": [row(200, path="/.well-known/oauth-protected-resource"), row(401)],
    "api_key": [row(200, headers=KEY), row(401, headers=[["x-api-key", "x"]], code="unknown_key")],
    "introspection": [
        row(200, headers=[["authorization", "Bearer opaque"]], replies=ACTIVE),
        row(503, headers=[["authorization", "Bearer opaque"]]),
        row(401),
    ],
    "mtls": [row(401, code="no_credentials")],
    "mtls-xfcc": [row(401, headers=[["x-forwarded-client-cert", "URI=spiffe://example.com/admin"]])],
    "basic": [
        row(200, headers=[["authorization", "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ=="]]),
        row(401, headers=[["authorization", "Basic YWxpY2U6d3Jvbmc="]]),
    ],
    "anonymous": [row(200), row(401, {"signature": "flip"})],
    "custom": [
        row(401, headers=[["cookie", "session=guessed"]], code="invalid_token"),
        row(401, code="no_credentials"),
    ],
    "scopes": [
        row(200, {"claims": {"scope": "read:users web"}}),
        row(403, {"claims": {"scope": "read:users"}}, code="insufficient_scope"),
    ],
    "roles": [row(200, {"claims": {"groups": ["operators"]}}), row(403, {}, code="forbidden")],
    "when": [row(200, {"claims": {"tenant": "acme"}}), row(403, {"claims": {"tenant": "globex"}})],
    "rules": [
        row(200, {}, path="/v1/users/1"),
        row(200, {}, path="/v1/users/alice/profile", method="PUT"),
        row(403, {}, path="/v1/users/bob/profile", method="PUT"),
        row(403, {}, path="/v1/users/export"),
    ],
}


def snippets():
    found = {}
    for name in ("authentication.md", "authorization.md"):
        found |= dict(SNIPPET.findall((ROOT / "docs" / name).read_text()))
    return found


def whole(text, upstream):
    """The snippet with what every gateway needs, and a route that takes the authorization."""
    data, _ = parse(text, "snippet")
    route = {"id": "all", "path": "/", "methods": ["GET", "PUT"], "upstream_id": "echo"}
    if "authorization" in data:
        route["authorization"] = data.pop("authorization")
    upstreams = [{"id": "echo", "servers": [upstream], "retries": 0}]
    routes = [*data.pop("routes", []), route]
    return {"version": 1, "authentication": [KEYED], **data, "upstreams": upstreams, "routes": routes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("documented")
    keyring().write(found / ".gateline")
    (found / ".gateline" / "htpasswd").write_text(HTPASSWD)
    shutil.copy(ROOT / "examples/custom-authentication/legacy_session.py", found)
    sys.path.insert(0, str(found))
    from legacy_session import log_in

    sys.path.remove(str(found))
    ROWS["custom"].append(row(200, headers=[["cookie", f"session={log_in(found / 'sessions.db', 'alice', '', 1e11)}"]]))
    return found


@pytest.fixture(scope="module")
def prepared(folder):
    echo = Echo()
    found = {}
    for name, text in snippets().items():
        data = whole(text, echo.address)
        found[name] = Prepared(key_of(data), load_data(data, name, {}, Sources(folder, {})), data)
    yield found
    echo.close()


@pytest.fixture(scope="module")
def envoy(prepared, tmp_path_factory):
    side = EnvoySide([one for name, one in prepared.items() if name != TLS], tmp_path_factory.mktemp("envoy"))
    yield side
    side.close()


@pytest.fixture(scope="module")
def kong(tmp_path_factory):
    with server_of(tmp_path_factory.mktemp("kong"), "protobuf") as server:
        side = KongCases(server, "protobuf")
        yield side
        side.close()


def cases(name, proxy):
    made = [Case.model_validate({"name": f"a row of the snippet {name}", **row}) for row in ROWS[name]]
    return [case for case in made if case.runs_on(proxy)]


def test_every_snippet_has_its_rows():
    assert set(snippets()) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_in_the_core(prepared, name):
    for case in cases(name, "core"):
        view = core_side.run(case, prepared[name])
        assert differences(view, core_side.fitting(case.expect)) == [], case.expect


@pytest.mark.parametrize("name", [name for name in ROWS if name != TLS])
def test_behind_envoy(prepared, envoy, name):
    for case in cases(name, "envoy"):
        assert differences(envoy.run(case, prepared[name]), case.expect) == [], case.expect


@pytest.mark.parametrize("name", ROWS)
def test_through_kong(prepared, kong, name):
    for case in cases(name, "kong"):
        assert differences(kong.run(case, prepared[name]), case.expect) == [], case.expect


def test_the_examples_own_test_passes(tmp_path):
    copy = tmp_path / "example"
    shutil.copytree(ROOT / "examples/custom-authentication", copy)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=copy, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 60
