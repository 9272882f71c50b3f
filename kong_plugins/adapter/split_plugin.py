"""`traffic-split`: a share of a route's requests for each of several Kong upstreams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from gateline.split.config import HeaderName, TrafficSplit
from gateline.split.share import Turns, point_of
from gateline.values.decision import unavailable
from kong_plugins.adapter.answer import refuse
from kong_plugins.adapter.configuration import plugin_id, read
from kong_plugins.adapter.guard import guarded
from kong_plugins.adapter.reading import Reading
from kong_plugins.adapter.request import address, nobody
from kong_plugins.adapter.told import told
from kong_plugins.adapter.verdict import give_verdict

NAME = "traffic-split"
_NOTHING = Reading(headers=False, path=False)


class SplitConfig(TrafficSplit):
    """Targets are names of Kong upstreams; the plugin's service must have one as its host, not an address."""

    sticky_by: Literal["header", "consumer", "ip", "none"] = "none"  # type: ignore[assignment]  # Kong has no unions
    sticky_header: HeaderName | None = None

    @model_validator(mode="after")
    def _named(self) -> SplitConfig:
        if (self.sticky_by == "header") != (self.sticky_header is not None):
            raise ValueError("needs sticky_header with sticky_by: header, and only there")
        return self


class SplitPlugin:
    """One instance."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        found = read(SplitConfig, config, NAME)
        self._salt = found.salt if found.salt is not None else plugin_id(config)
        self._shares = found.shares
        self._turns = Turns(self._salt)
        self._sticky_by = found.sticky_by
        self._header = found.sticky_header

    def access(self, kong: Any) -> None:
        """Kong's access phase."""
        guarded(kong, NAME, lambda: self._choose(kong))

    def _choose(self, kong: Any) -> None:
        who = self._subject(kong)
        target = self._shares.at(point_of(who, self._salt) if who else self._turns.next())
        if told(kong.service.set_upstream(target)) is not True:
            refuse(kong, unavailable("internal_error", f"Kong has no upstream {target}"), nobody(_NOTHING))
            return
        give_verdict(kong, NAME)

    def _subject(self, kong: Any) -> str:
        """Whom to keep where; empty where the request has nobody to keep, and takes its turn."""
        if self._sticky_by == "none":
            return ""
        if self._sticky_by == "header":
            return told(kong.request.get_header(self._header)) or ""
        if self._sticky_by == "consumer":
            found = told(kong.client.get_consumer())
            return str(found.get("id") or "") if isinstance(found, dict) else ""
        return address(kong, peer=False)
