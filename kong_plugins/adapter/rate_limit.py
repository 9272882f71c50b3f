"""`gateline-rate-limit`: a limit for each address, consumer or credential, in Redis or in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from gateline.limit.config import AlgorithmTag, Burst, Count
from kong_plugins.adapter.configuration import plugin_id, read
from kong_plugins.adapter.drop_in import StoreConfig, policy_of, store_of
from kong_plugins.adapter.guard import guarded
from kong_plugins.adapter.judge import Judge
from kong_plugins.adapter.limit_headers import kong_limit_headers
from kong_plugins.adapter.told import told

NAME = "gateline-rate-limit"


class RateLimitConfig(StoreConfig):
    """Refill is `requests_per_minute`/60 a second, capacity is `burst`."""

    requests_per_minute: Count
    burst: Burst = 20
    key_by: Literal["ip", "consumer", "credential"] = "ip"
    """Whom a bucket belongs to; without a consumer or credential it is the address."""
    algorithm: AlgorithmTag = "token_bucket"
    window_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    """How long a sliding window is; a minute without it."""
    cost: Count = 1
    on_failure: Literal["deny", "allow", "local"] = "deny"
    headers: Literal["kong", "both", "draft", "legacy", "off"] = "kong"
    """`kong`: the names of Kong's own rate-limiting plugin; the others are those of a gateway file."""


class RateLimitPlugin:
    """One instance."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        found = read(RateLimitConfig, config, NAME)
        self._route = plugin_id(config)
        self._key_by = found.key_by
        own = found.headers == "kong"
        fields = ("requests_per_minute", "burst", "algorithm", "window_s", "cost", "on_failure")
        limit = {name: getattr(found, name) for name in fields if getattr(found, name) is not None}
        route = {"id": self._route, "auth_required": False, "rate_limit": {**limit, "key_by": "ip"}}
        gateway = {**store_of(found), "rate_limit_headers": "off" if own else found.headers}
        policy = policy_of(NAME, route, gateway, headers=False)
        self._judge = Judge(NAME, policy, limit_headers=kong_limit_headers if own else None)

    def access(self, kong: Any) -> None:
        """Kong's access phase."""
        guarded(kong, NAME, lambda: self._judge.access(kong, self._route, self._subject(kong)))

    def _subject(self, kong: Any) -> str | None:
        """What stands for the address: no address looks like it, and no client can choose it."""
        if self._key_by == "ip":
            return None
        found = told(kong.client.get_consumer() if self._key_by == "consumer" else kong.client.get_credential())
        name = found.get("id") if isinstance(found, dict) else None
        return f"{self._key_by}/{name}" if name else None
