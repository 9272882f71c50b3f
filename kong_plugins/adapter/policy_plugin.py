"""`gateline-policy`: the whole policy of a route, from a gateway file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from kong_plugins.adapter.configuration import read
from kong_plugins.adapter.consumer import ConsumerConfig
from kong_plugins.adapter.guard import guarded
from kong_plugins.adapter.judge import Judge
from kong_plugins.adapter.policies import of_file
from kong_plugins.adapter.told import told

NAME = "gateline-policy"
MATCHED = "*"


class PolicyConfig(ConsumerConfig):
    """`{file: PATH, route: ID | '*'}`; without `route` it is the name of Kong's own route."""

    file: Annotated[str, Field(min_length=1)]
    route: str | None = None


class PolicyPlugin:
    """One instance: a file, and the route to judge by."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        found = read(PolicyConfig, config, NAME)
        self._route = found.route
        self._judge = Judge(NAME, of_file(found.file), found)

    def access(self, kong: Any) -> None:
        """Kong's access phase."""
        guarded(kong, NAME, lambda: self._judge.access(kong, self._named(kong)))

    def _named(self, kong: Any) -> str | None:
        if self._route is None:
            route = told(kong.router.get_route())
            return str(route.get("name") or route.get("id")) if route else ""
        return None if self._route == MATCHED else self._route
