"""The sidecar gets the headers that the policy may read, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateline.compile.needs import headers_of, needs_of
from gateline.pipeline.build import build
from tests.cases_support.gateways import prepare
from tests.cases_support.keyring import keyring
from tests.cases_support.table import entries
from tests.compile.gateways import gateway

ALWAYS = {"content-type", "x-request-id"}


def test_the_file_alone_tells_all_that_is_read_of_a_request(tmp_path: Path) -> None:
    """For every gateway of the case tables, what the built steps say they read."""
    keyring().write(tmp_path / ".gateline")
    for prepared in prepare(entries(), tmp_path, "127.0.0.1:9").values():
        loaded = prepared.loaded
        sent = headers_of(loaded.gateway)
        for route in loaded.gateway.routes:
            built, told = build(loaded).routes[route.id].needs, needs_of(loaded.gateway, route)
            assert (told.body, told.certificate) == (built.body, built.certificate), route.id
            read = built.headers if loaded.gateway.trusted_hops or built.headers == "all" else built.headers - HOPS
            assert sent == "all" or (read != "all" and read <= sent), route.id


HOPS = {"x-forwarded-for"}


def asking(method: str = "method: anonymous", rules: str = "", top: str = "", conditions: str = "") -> str:
    """A gateway of one route."""
    route = f"{{id: a, path: /a, authorization: {{{rules}}}, headers: {{{conditions}}}}}"
    return f"{top}\nauthentication: [{{name: m, {method}}}]\nroutes: [{route}]"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (asking(), set()),
        (asking(top="trusted_hops: 1"), HOPS),
        (asking(conditions="X-Version: '2'"), {"x-version"}),
        (asking("method: api_key"), {"x-api-key"}),
        (asking("method: api_key, header: null, cookie: key"), {"cookie"}),
        (asking(rules="when: \"request.headers['x-a'] == request.referer\""), {"x-a", "referer"}),
        (asking(rules="rules: [{when: \"request.headers['x-b'] == '1'\"}]"), {"x-b"}),
        (asking("method: mtls, ca_file: ca.pem"), set()),
        (asking("method: mtls, xfcc_from: [192.0.2.1]"), {"x-forwarded-client-cert"}),
    ],
)
def test_headers_that_are_read_are_sent(text: str, names: set[str]) -> None:
    assert headers_of(gateway(text).gateway) == ALWAYS | names


@pytest.mark.parametrize(
    "text", [asking("method: custom, class: 'a:B'"), asking(rules="when: 'size(request.headers) > 3'")]
)
def test_all_are_sent_where_it_cannot_be_known_which_are_read(text: str) -> None:
    assert headers_of(gateway(text).gateway) == "all"
