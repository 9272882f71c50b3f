"""The commands that end: check, explain, schema, compile, token, help. What they print, and how they fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from gateline.cli.main import COMMANDS, main
from tests.cli.sidecar import write_policy


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def demo(demo_file: Path) -> Path:
    """The demo's policy."""
    return demo_file


def token(demo: Path, scope: str) -> str:
    return run("token", "-c", demo, "--sub", "alice", "--scope", scope).stdout.strip()


def explained(demo: Path, *arguments: str) -> dict:
    result = run("explain", "-c", demo, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_help_names_every_command_and_imports_none():
    code = "import sys; from gateline.cli.main import main as m; m(['-h'], standalone_mode=False); print(sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in printed for name in COMMANDS)
    assert "pydantic" not in printed
    assert "'grpc'" not in printed


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.stdout


def test_check_says_that_a_file_is_right(demo: Path):
    result = run("check", demo)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{demo}: right; 4 routes, 3 upstreams, 2 methods, 1 API key; revision ")
    assert json.loads(run("check", demo, "--json").stdout)["ok"] is True


def test_check_says_what_is_wrong_and_where(tmp_path: Path):
    path = write_policy(tmp_path, unmatched="alow", mode="shaddow")
    result = run("check", path)
    assert result.exit_code == 2
    assert f"{path}:" in result.stderr
    assert "did you mean `allow`?" in result.stderr
    assert "2 faults" in result.stderr
    faults = json.loads(run("check", path, "--json").stdout)["faults"]
    assert {fault["path"] for fault in faults} == {"unmatched", "mode"}
    assert all(fault["line"] > 0 and fault["file"] == str(path) for fault in faults)


def test_a_missing_file_is_an_error_and_no_traceback(tmp_path: Path):
    for command in ("check", "compile envoy"):
        result = run(*command.split(), tmp_path / "nothing.yaml")
        assert result.exit_code == 2
        assert "nothing.yaml: can't be read" in result.output
    result = run("explain", "-c", tmp_path / "nothing.yaml", "/")
    assert result.exit_code == 2


def test_explain_walks_the_steps_of_an_allowed_request(demo: Path):
    seen = explained(
        demo, "-H", f"authorization: Bearer {token(demo, 'read:users')}", "http://api.example.com/v1/users?x=1"
    )
    assert (seen["decision"], seen["status"], seen["code"], seen["route"]) == ("allow", 200, None, "user-api-v1")
    assert [step["step"] for step in seen["steps"]] == [
        "sanitise",
        "route",
        "authenticate",
        "authorise",
        "limit by identity",
    ]
    lines = demo.read_text().splitlines()
    authorise = next(step for step in seen["steps"] if step["step"] == "authorise")
    file, _, line = authorise["rule"].rpartition(":")
    assert file == str(demo)
    assert "scopes: {all: [read:users]}" in lines[int(line) - 1]


@pytest.mark.parametrize(
    ("arguments", "status", "code", "route"),
    [
        (["/v1/users"], 401, "no_credentials", "user-api-v1"),
        (["-X", "DELETE", "/v1/users"], 404, "no_route", None),
        (["/elsewhere"], 404, "no_route", None),
        (["//v1/users"], 400, "path_not_normal", None),
        (["--route", "nothing", "/"], 503, "unknown_route", None),
        (["-H", "Authorization: Bearer x", "/v1/users"], 401, "invalid_token", "user-api-v1"),
        (["-H", "X-API-Key: gl_no", "https://x/v1/users#part"], 401, "unknown_key", "user-api-v1"),
        (["http://x"], 404, "no_route", None),
    ],
)
def test_explain_says_why_a_request_is_refused(
    demo: Path, arguments: list[str], status: int, code: str, route: str | None
):
    seen = explained(demo, *arguments)
    assert (seen["status"], seen["code"], seen["route"]) == (status, code, route)
    assert seen["steps"][-1]["outcome"] in ("deny", "unavailable")
    assert seen["steps"][-1]["why"]


def test_explain_is_readable_for_people_and_never_coloured_in_a_pipe(demo: Path):
    result = run("explain", "-c", demo, "/v1/users")
    assert result.stdout.startswith("deny 401 no_credentials (route user-api-v1)\n")
    assert "authenticate" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("arguments", [["v1/users"], ["-H", "no colon", "/"], ["ftp://x/"]])
def test_explain_refuses_what_is_no_request(demo: Path, arguments: list[str]):
    result = run("explain", "-c", demo, *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_explain_in_shadow_says_what_would_have_been(tmp_path: Path):
    path = write_policy(tmp_path)
    seen = explained(path, "/watched")
    assert seen["decision"] == "allow"
    assert seen["would"] == {"decision": "deny", "status": 401, "code": "no_credentials"}


def test_a_token_has_the_claims_that_were_asked_for_and_nothing_is_printed_beside_it(demo: Path):
    result = run("token", "-c", demo, "--sub", "alice", "--scope", "a b", "--ttl", "15m", "--tenant", "acme")
    assert result.stderr == ""
    claims = jwt.decode(result.stdout.strip(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    assert {name: claims[name] for name in ("iss", "aud", "sub", "scope", "tenant")} == {
        "iss": "https://auth.example.com",
        "aud": "api.example.com",
        "sub": "alice",
        "scope": "a b",
        "tenant": "acme",
    }


def test_no_token_is_minted_where_somebody_else_is_the_issuer(tmp_path: Path):
    result = run("token", "-c", write_policy(tmp_path), "--sub", "x")
    assert result.exit_code == 2
    assert "has no jwt method" in result.output
    assert run("token", "-c", write_policy(tmp_path), "--sub", "x", "--ttl", "1x").exit_code == 2


def test_keys_of_the_demo_are_made_once_and_for_this_user_alone(demo: Path):
    shutil.rmtree(demo.parent / ".gateline")
    run("check", demo)
    made = {path: path.read_bytes() for path in (demo.parent / ".gateline").iterdir()}
    assert {path.name for path in made} >= {"private.pem", "jwks.json", "pepper", "api_keys.yaml", "demo-key"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in made)
    run("check", demo)
    assert made == {path: path.read_bytes() for path in (demo.parent / ".gateline").iterdir()}


def test_a_lost_jwks_is_made_again_from_its_private_key(demo: Path):
    minted = token(demo, "read:users")
    (demo.parent / ".gateline" / "jwks.json").unlink()
    assert explained(demo, "-H", f"authorization: Bearer {minted}", "/v1/users")["status"] == 200


def test_compile_writes_the_sidecars_that_serve_would_start(demo: Path):
    result = run(
        "compile", "envoy", demo, "--sidecar", "127.0.0.1:7000", "--workers", "2", "--listen", "127.0.0.1:7777"
    )
    assert result.exit_code == 0, result.output
    assert all(f"port_value: {port}" in result.stdout for port in (7000, 7001, 7777))
    assert (
        result.stdout
        == run(
            "compile", "envoy", demo, "--sidecar", "127.0.0.1:7000", "--workers", "2", "--listen", "127.0.0.1:7777"
        ).stdout
    )


def test_the_committed_schema_is_the_one_that_the_command_prints(repository: Path):
    committed = json.loads((repository / "docs" / "gateline.schema.json").read_text())
    assert json.loads(run("schema").stdout) == committed, "run `make generated`"
