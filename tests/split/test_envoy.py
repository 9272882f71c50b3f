"""A split route behind a real Envoy: the shares, and who stays where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.gateway.processes import free_ports
from gateline.compile.envoy import EnvoyOptions, compile_envoy
from gateline.config.load import Loaded, load_data
from gateline.schema.secret import Sources
from gateline.values.errors import ConfigError
from tests.cases_support.echo import Echo
from tests.cases_support.gateways import DEFAULTS
from tests.cases_support.keyring import API_KEYS, keyring
from tests.compile.envoy_process import Envoy
from tests.compile.exchange import exchange
from tests.compile.sidecar_thread import SidecarThread

USERS = [key for key, record in API_KEYS.items() if record.get("is_active", True) and "expires_at" not in record]


def loaded(folder: Path, servers: dict[str, str], routes: dict[str, Any], **more: Any) -> Loaded:
    """A gateway with a stable and a canary upstream; `routes` maps an id to its split."""
    data = {
        **DEFAULTS,
        "version": 1,
        "budgets": {"check_ms": 2000, "proxy_ms": 3000},
        "upstreams": [{"id": name, "servers": [address]} for name, address in servers.items()],
        "routes": [
            {
                "id": name,
                "path": f"/{name}",
                "upstream_id": "stable",
                "auth_required": split.get("sticky_by") == "user_id",
                "traffic_split": split,
            }
            for name, split in routes.items()
        ],
        **more,
    }
    return load_data(data, "gateline.yaml", {}, Sources(folder, {}))


def weights(canary: int) -> list[dict[str, Any]]:
    return [{"weight": 100 - canary, "target": "stable"}, {"weight": canary, "target": "canary"}]


class Site:
    """Envoy before two echoes."""

    def __init__(self, folder: Path) -> None:
        keyring().write(folder / ".gateline")
        self.echoes = {name: Echo() for name in ("stable", "canary")}
        servers = {name: echo.address for name, echo in self.echoes.items()}
        routes = {
            "turns": {"upstream_weights": weights(20)},
            "small": {"upstream_weights": weights(20), "sticky_by": {"header": "x-session"}},
            "large": {"upstream_weights": weights(50), "sticky_by": {"header": "x-session"}},
            "users": {"upstream_weights": weights(50), "sticky_by": "user_id"},
        }
        found = loaded(folder, servers, routes)
        self.sidecar = SidecarThread(found)
        self.port = free_ports(1)
        options = EnvoyOptions(
            listen=f"127.0.0.1:{self.port}", sidecars=(self.sidecar.address,), access_log=None, admin="127.0.0.1:0"
        )
        self.envoy = Envoy(compile_envoy(found, options), folder)

    def ask(self, path: str, *headers: tuple[str, str]) -> str:
        """The upstream that answers: the one whose address the request went to."""
        hosts = dict(exchange(self.port, path, *headers).seen["headers"])
        return next(name for name, echo in self.echoes.items() if echo.address == hosts["host"])

    def close(self) -> None:
        self.envoy.close()
        self.sidecar.close()
        for echo in self.echoes.values():
            echo.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("split"))
    yield found
    found.close()


def test_about_a_fifth_goes_to_the_canary(site: Site) -> None:
    found = [site.ask("/turns") for _ in range(300)]
    assert 30 <= found.count("canary") <= 95


def test_a_session_stays_and_a_growing_canary_only_gains_some(site: Site) -> None:
    sessions = [("x-session", f"s-{number}") for number in range(60)]
    small = {value for name, value in sessions if site.ask("/small", (name, value)) == "canary"}
    assert small == {value for name, value in sessions if site.ask("/small", (name, value)) == "canary"}
    large = {value for name, value in sessions if site.ask("/large", (name, value)) == "canary"}
    assert small < large


def test_a_user_stays_whatever_it_says_of_itself(site: Site) -> None:
    for key in USERS:
        lies = [("x-user-id", f"liar-{number}") for number in range(12)]
        assert len({site.ask("/users", ("x-api-key", key), lie) for lie in lies}) == 1


@pytest.mark.parametrize(
    ("split", "more", "message"),
    [
        ({"salt": "s"}, {}, "salt"),
        ({"sticky_by": "user_id"}, {"identity_headers": {"user_id": None}}, "identity_headers.user_id"),
    ],
)
def test_what_envoy_can_not_do_is_refused(tmp_path: Path, split: Any, more: Any, message: str) -> None:
    keyring().write(tmp_path / ".gateline")
    servers = {"stable": "127.0.0.1:1", "canary": "127.0.0.1:2"}
    found = loaded(tmp_path, servers, {"r": {"upstream_weights": weights(10), **split}}, **more)
    with pytest.raises(ConfigError, match=message):
        compile_envoy(found)
