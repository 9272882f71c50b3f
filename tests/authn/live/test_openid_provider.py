"""A real OpenID provider: its discovery document, its keys, and the ID tokens that it gives to a client."""

import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bench.gateway.processes import free_ports
from tests.authn.gateways import bearer, gateway, said
from tests.authn.live.node import Node

BACK = "https://client.example.com/back"


@pytest.fixture(scope="module")
def provider():
    port = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{url}/.well-known/openid-configuration").raise_for_status()
            break
        except httpx.HTTPError:
            assert time.monotonic() < end
            time.sleep(0.1)
    yield url
    process.kill()
    process.wait(5)


def id_token(provider, user):
    """By the authorisation code flow (OpenID Connect Core 1.0 §3.1)."""
    wanted = {"client_id": "app", "redirect_uri": BACK, "response_type": "code", "scope": "openid", "state": "s"}
    answer = httpx.post(f"{provider}/oauth2/authorize", params=wanted, data={"sub": user})
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    answer = httpx.post(f"{provider}/oauth2/token", data=form, auth=("app", "secret"))
    return answer.json()["id_token"]


def node(provider, folder, **method):
    config = {
        "name": "op",
        "method": "jwt",
        "issuer": provider,
        "audience": "app",
        "keys": {"discovery": True},
        "require_scope": False,
        "leeway_s": 5,
        **method,
    }
    return Node(gateway(config, budgets={"check_ms": 10_000, "proxy_ms": 30_000}), folder)


def test_its_keys_are_discovered_and_its_tokens_judged(provider, tmp_path):
    token = id_token(provider, "alice")
    for method, expected in (
        ({"id_tokens": True}, (200, "alice")),
        ({}, (401, "invalid_token")),
        ({"id_tokens": True, "audience": "other"}, (401, "invalid_token")),
        ({"id_tokens": True, "issuer": f"{provider}/", "keys": {"discovery": True}}, (401, "invalid_token")),
    ):
        made = node(provider, tmp_path, **method)
        (decision,) = made.ask(bearer(token))
        made.close()
        assert said(decision) == expected, method


def test_a_provider_under_another_name_is_not_believed(provider, tmp_path):
    made = node(provider, tmp_path, issuer=provider.replace("127.0.0.1", "localhost"), id_tokens=True)
    (decision,) = made.ask(bearer(id_token(provider, "alice")))
    made.close()
    assert said(decision) == (401, "invalid_token")
