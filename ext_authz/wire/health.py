"""The health of this process by service name, as grpc.health.v1 reports it; either transport shows it on its port."""

from __future__ import annotations

from collections.abc import Callable

OVERALL = ""  # health.proto: the empty service name asks for the server as a whole

Watcher = Callable[[str, bool], None]


class Health:
    """Which services are serving. Set it on the loop's thread; watchers hear of every change."""

    __slots__ = ("_serving", "_watchers")

    def __init__(self, services: tuple[str, ...] = (), *, serving: bool = True) -> None:
        self._serving = dict.fromkeys((OVERALL, *services), serving)
        self._watchers: list[Watcher] = []

    def get(self, service: str) -> bool | None:
        """Whether the service is serving, None when it is not known."""
        return self._serving.get(service)

    def set(self, service: str, serving: bool) -> None:
        """Change one service's health, or the overall health for the name ''."""
        self._serving[service] = serving
        for watcher in tuple(self._watchers):
            watcher(service, serving)

    def set_all(self, serving: bool) -> None:
        """Change the health of every known service and the overall health."""
        for service in self._serving:
            self.set(service, serving)

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` the health of all services now, and each change later."""
        self._watchers.append(watcher)
        for service, serving in self._serving.items():
            watcher(service, serving)

    def unwatch(self, watcher: Watcher) -> None:
        """End what `watch` began."""
        self._watchers.remove(watcher)
