"""The image builds, and the services of docker-compose.yml come up and decide; Kong only where its image is here."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.docker.compose_file import Composed, engine, user

pytestmark = pytest.mark.docker
KONG_IMAGE = os.environ.get("KONG_IMAGE", "kong:3.9.1")


@pytest.fixture(scope="module")
def client() -> Any:
    try:
        return engine()
    except docker.errors.DockerException as error:
        pytest.skip(f"no Docker engine runs here: {error}")


@pytest.fixture(scope="module")
def image(client: Any, repository: Path) -> str:
    """The image, built from wheels; GATELINE_BASE names another Debian 12 than the registry's."""
    if not list((repository / ".build" / "wheels").glob("gateline-*.whl")):
        pytest.skip("there are no wheels to build from: `make .build/wheels/.made`")
    tag = f"gateline-test:{uuid.uuid4().hex[:8]}"
    base = {"BASE": os.environ["GATELINE_BASE"]} if "GATELINE_BASE" in os.environ else {}
    client.images.build(path=str(repository), dockerfile="containers/Dockerfile", tag=tag, buildargs=base, rm=True)
    return tag


@pytest.fixture(scope="module")
def composed(client: Any, image: str, repository: Path) -> Iterator[Composed]:
    pki = repository / ".gateline" / "pki"
    environ = {
        "GATELINE_IMAGE": image,
        "GATELINE_USER": user(),
        "GATELINE_CLIENT_CERT": (pki / "kong.pem").read_text(encoding="ascii").replace("\n", "\\n"),
        "KONG_IMAGE": KONG_IMAGE,
    }
    found = Composed(client, repository / "docker-compose.yml", environ, f"gateline-{uuid.uuid4().hex[:8]}")
    try:
        yield found
    finally:
        found.close()
        client.images.remove(image, force=True)


def ask(address: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"http://{address}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_envoy_and_the_sidecar_decide(composed: Composed, repository: Path) -> None:
    composed.start("envoy")
    address = f"{composed.address('envoy')}:10000"
    assert ask(address, "/v1/users", {})[1]["code"] == "no_credentials"
    key = (repository / ".gateline" / "demo-key").read_text(encoding="ascii").strip()
    status, seen = ask(address, "/v1/users", {"x-api-key": key})
    assert (status, seen["service"]) == (200, "users")
    assert seen["headers"]["x-auth-method"] == "api_key"


def test_the_plugin_server_comes_up_with_a_dump_for_each_plugin(composed: Composed) -> None:
    composed.start("kong-plugins")
    container = composed.running["kong-plugins"]
    for name in ("gateline-policy", "traffic-split"):
        code, out = container.exec_run(["cat", f"/run/gateline/{name}.json"])
        assert code == 0
        assert json.loads(out)["Plugins"][0]["Name"] == name


def test_no_service_of_ours_runs_as_root_or_writes_into_its_image(composed: Composed) -> None:
    for container in composed.running.values():
        assert container.attrs["HostConfig"]["ReadonlyRootfs"] is True
        assert container.attrs["Config"]["User"] not in ("", "root")


def test_kong_decides_by_the_same_policy(client: Any, composed: Composed, repository: Path) -> None:
    try:
        client.images.get(KONG_IMAGE)
    except docker.errors.ImageNotFound:
        pytest.skip(f"the image {KONG_IMAGE} is not here: `docker pull` it, or name one by KONG_IMAGE")
    composed.start("kong")
    address = f"{composed.address('kong')}:8000"
    assert ask(address, "/v1/users", {})[1]["code"] == "no_credentials"
    key = (repository / ".gateline" / "demo-key").read_text(encoding="ascii").strip()
    assert ask(address, "/v1/users", {"x-api-key": key})[0] == 200
