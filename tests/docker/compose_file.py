"""Starts services as `docker-compose.yml` says, through the `docker` package: no compose is needed on the machine."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import docker
import yaml

_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")
_NANOSECONDS = 1_000_000_000


class Composed:
    """The services of one compose file on a network of their own; `close` removes all of it."""

    def __init__(self, client: Any, file: Path, environ: dict[str, str], name: str) -> None:
        text = _VARIABLE.sub(lambda found: environ.get(found[1], found[2] or ""), file.read_text(encoding="utf-8"))
        self._services: dict[str, Any] = yaml.safe_load(text)["services"]
        self._client = client
        self._folder = file.parent
        self._name = name
        self._network = client.networks.create(name)
        self._volume = client.volumes.create(f"{name}-sockets")
        self.running: dict[str, Any] = {}

    def start(self, service: str, within_s: float = 120.0) -> None:
        """Start a service behind those that it depends on, and wait until each is healthy."""
        if service in self.running:
            return
        spec = self._services[service]
        for needed in spec.get("depends_on", ()):
            self.start(needed, within_s)
        container = self._client.containers.create(spec["image"], name=f"{self._name}-{service}", **self._options(spec))
        self.running[service] = container
        aliases = [service, *spec.get("networks", {}).get("default", {}).get("aliases", ())]
        self._client.networks.get("none").disconnect(container)
        self._network.connect(container, aliases=aliases)
        container.start()
        self._wait(service, container, within_s)

    def _options(self, spec: dict[str, Any]) -> dict[str, Any]:
        check = spec["healthcheck"]
        return {
            "command": spec.get("command"),
            "user": spec.get("user"),
            "environment": spec.get("environment"),
            "read_only": spec.get("read_only", False),
            "tmpfs": dict.fromkeys(spec.get("tmpfs", ()), ""),
            "volumes": [self._mounted(volume) for volume in spec.get("volumes", ())],
            "ports": {f"{inside}/tcp": None for _, inside in (port.split(":") for port in spec.get("ports", ()))},
            "healthcheck": {
                "test": check["test"],
                "interval": _NANOSECONDS,
                "timeout": 5 * _NANOSECONDS,
                "retries": check["retries"],
            },
            "network_mode": "none",
        }

    def _mounted(self, volume: str) -> str:
        source, _, rest = volume.partition(":")
        found = str((self._folder / source).resolve()) if source.startswith(".") else self._volume.name
        return f"{found}:{rest}"

    def _wait(self, service: str, container: Any, within_s: float) -> None:
        until = time.monotonic() + within_s
        while True:
            container.reload()
            state = container.attrs["State"]
            if state.get("Health", {}).get("Status") == "healthy":
                return
            if state["Status"] == "exited" or time.monotonic() > until:
                raise AssertionError(f"{service} is {state}; it wrote: {container.logs().decode(errors='replace')}")
            time.sleep(0.2)

    def address(self, service: str) -> str:
        """The address of a service on the network, which this machine reaches."""
        container = self.running[service]
        container.reload()
        return str(container.attrs["NetworkSettings"]["Networks"][self._name]["IPAddress"])

    def close(self) -> None:
        """Remove every container, the network, the volume."""
        for container in self.running.values():
            container.remove(force=True)
        self._network.remove()
        self._volume.remove()


def engine() -> Any:
    """A client of the engine that runs here; raises DockerException where there is none."""
    client = docker.from_env(timeout=300)
    client.ping()
    return client


def user() -> str:
    """Who runs the containers: whoever owns the demo's keys."""
    return f"{os.getuid()}:{os.getgid()}"
