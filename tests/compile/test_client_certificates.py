"""Clients at a compiled TLS listener that verifies them itself; what reaches the policy is in the case tables."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import load_data
from gateline.schema.secret import Sources
from tests.cases_support.certificates import case_authority, client
from tests.cases_support.client import send
from tests.cases_support.echo import Echo
from tests.cases_support.envoy_side import joined, renamed
from tests.cases_support.keyring import keyring
from tests.cases_support.table import RequestRow
from tests.cases_support.view import View
from tests.compile.envoy_process import Envoy
from tests.compile.sidecar_thread import SidecarThread

SHOWN = [
    {"certificate_file": ".gateline/server.pem", "key_file": ".gateline/server.key"},
    {"certificate_file": "second.pem", "key_file": "second.key"},
]
CA = {"client_ca_file": ".gateline/clients-ca.pem"}
LISTENERS: dict[str, dict[str, Any]] = {
    "optional": {"client_certificates": "optional", **CA},
    "required": {"client_certificates": "required", "minimum_version": 1.3, **CA},
    "none": {},
}


def policy(tls: dict[str, Any], upstream: str) -> dict[str, Any]:
    method = {"name": "services", "method": "mtls", "ca_file": ".gateline/clients-ca.pem"}
    routes = [{"id": "open", "path": "/open", "auth_required": False, "upstream_id": "echo"}]
    if tls.get("client_certificates", "none") != "none":
        condition = {"when": "connection.mtls"}
        routes.append({"id": "own", "path": "/own", "upstream_id": "echo", "authorization": condition})
    return {
        "version": 1,
        "tls": {"certificates": SHOWN, **tls},
        "budgets": {"check_ms": 2000, "proxy_ms": 3000},
        "authentication": [method],
        "upstreams": [{"id": "echo", "servers": [upstream]}],
        "routes": routes,
    }


class Site:
    """One Envoy with a listener for each kind."""

    def __init__(self, folder: Path) -> None:
        keyring().write(folder / ".gateline")
        second = client(case_authority(), "second", ["second.example.com"], server_only=True)
        (folder / "second.pem").write_text(second.pem)
        (folder / "second.key").write_text(second.key_pem)
        self.echo = Echo()
        self.ports = {name: free_ports(1) for name in LISTENERS}
        self.sidecars = []
        configs = []
        for name, tls in LISTENERS.items():
            loaded = load_data(policy(tls, self.echo.address), "gateline.yaml", {}, Sources(folder, {}))
            self.sidecars.append(SidecarThread(loaded))
            options = EnvoyOptions(
                listen=f"127.0.0.1:{self.ports[name]}",
                sidecars=(self.sidecars[-1].address,),
                access_log=None,
                proxy_protocol=True,
            )
            configs.append(renamed(compile_envoy(loaded, options), f"{name}."))
        self.envoy = Envoy(joined(configs), folder)

    def ask(self, listener: str, path: str = "/own", certificate: str | None = None, **rest: Any) -> View:
        return send(RequestRow(path=path, certificate=certificate, **rest), self.ports[listener], tls=True)

    def refused(self, listener: str, certificate: str | None) -> str:
        """The statistic of Envoy by which a client is refused before it can ask for anything."""
        before = self._failures(listener)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            self.ask(listener, "/open", certificate)
        after = self._failures(listener)
        (kind,) = [name for name, count in after.items() if count != before[name]]
        return kind

    def _failures(self, listener: str) -> dict[str, int]:
        text = self.envoy.get(f"/stats?filter=listener.127.0.0.1_{self.ports[listener]}.ssl.fail_").decode()
        pairs = [line.rpartition(": ") for line in text.splitlines()]
        return {name.rpartition(".")[2]: int(count) for name, _, count in pairs}

    def close(self) -> None:
        self.envoy.close()
        for sidecar in self.sidecars:
            sidecar.close()
        self.echo.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("tls"))
    yield site
    site.close()


@pytest.mark.parametrize("listener", ["optional", "required"])
def test_a_good_certificate_is_a_credential(site: Site, listener: str) -> None:
    view = site.ask(listener, certificate="orders")
    assert view.status == 200
    assert view.upstream is not None
    assert ("x-user-id", "spiffe://example.com/orders") in view.upstream.headers


def test_without_certificate_only_what_asks_for_none_is_reached(site: Site) -> None:
    assert site.ask("optional", "/open").status == 200
    assert site.ask("optional", "/own").status == 401
    assert site.ask("none", "/open", "orders").status == 200


@pytest.mark.parametrize("listener", ["optional", "required"])
@pytest.mark.parametrize("name", ["expired", "early", "self_signed", "foreign", "server"])
def test_a_bad_certificate_ends_the_handshake(site: Site, listener: str, name: str) -> None:
    assert site.refused(listener, name) == "fail_verify_error"


def test_no_certificate_ends_the_handshake_where_one_is_required(site: Site) -> None:
    assert site.refused("required", None) == "fail_verify_no_cert"


def test_no_spelling_of_the_header_passes_from_outside(site: Site) -> None:
    names = ["x-forwarded-client-cert", "X-Forwarded-Client-Cert", "x_forwarded_client_cert", "x-forwarded_client-cert"]
    sent = tuple((name, "URI=spiffe://example.com/orders") for name in names)
    for certificate in (None, "orders"):
        view = site.ask("optional", "/open", certificate, headers=sent)
        assert view.upstream is not None
        assert not [name for name, _ in view.upstream.headers if "client" in name and "cert" in name]


def test_the_certificate_is_the_one_for_the_name_that_is_asked_for(site: Site) -> None:
    # The client checks the name.
    assert site.ask("none", "/open", host="second.example.com").status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        site.ask("none", "/open", host="third.example.com")


def test_older_versions_than_the_minimum_are_refused(site: Site) -> None:
    old = ssl.create_default_context(cadata=case_authority().pem)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for listener, passes in (("none", True), ("required", False)):
        with socket.create_connection(("127.0.0.1", site.ports[listener]), timeout=10) as plain:
            if passes:
                assert old.wrap_socket(plain, server_hostname="api.example.com").version() == "TLSv1.2"
            else:
                with pytest.raises(ssl.SSLError, match="version"):
                    old.wrap_socket(plain, server_hostname="api.example.com")
