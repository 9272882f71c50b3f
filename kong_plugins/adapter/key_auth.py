"""`gateline-key-auth`: API keys that are stored as hashes, from the configuration, a file, or a store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from gateline.authn.key_model import HASH_PREFIX
from gateline.schema.model import Model
from kong_plugins.adapter.configuration import plugin_id, read
from kong_plugins.adapter.consumer import ConsumerConfig
from kong_plugins.adapter.drop_in import ScopesConfig, StoreConfig, policy_of, scopes_of, store_of
from kong_plugins.adapter.guard import guarded
from kong_plugins.adapter.judge import Judge

NAME = "gateline-key-auth"
HeaderText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]


class KeyEntry(Model):
    """One key, as `gateline keys create` writes it; `hash` never tells the key itself."""

    id: Annotated[str, Field(min_length=1)]
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{8}$")]
    """The middle part of `gl_<prefix>_<secret>`: a key is found by it."""
    hash: Annotated[str, StringConstraints(pattern=rf"^{HASH_PREFIX}[0-9a-f]{{64}}$"), Field(repr=False)]
    user_id: Annotated[str, Field(min_length=1)]
    scopes: tuple[str, ...] = ()
    tier: str | None = None


class KeyAuthConfig(ConsumerConfig, ScopesConfig, StoreConfig):
    """Keys stand in `keys`, in `keys_file`, in the store, or in several of them."""

    keys: tuple[KeyEntry, ...] = ()
    keys_file: str | None = None
    pepper_file: str
    """The secret by which keys are hashed; Kong gives a plugin server no environment."""
    key_names: Annotated[tuple[HeaderText, ...], Field(min_length=1)] = ("apikey",)
    """Headers that may hold the key."""
    anonymous: bool = False
    """Whether a request without a key passes."""

    @model_validator(mode="after")
    def _somewhere(self) -> KeyAuthConfig:
        if self.keys and self.keys_file:
            raise ValueError("has keys and keys_file: use one of them")
        if not self.keys and not self.keys_file and not self.redis:
            raise ValueError("knows no key: give keys, keys_file or redis")
        return self


class KeyAuthPlugin:
    """One instance."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        found = read(KeyAuthConfig, config, NAME)
        self._route = plugin_id(config)
        route = {"id": self._route, "auth_required": not found.anonymous, **_methods(found), **scopes_of(found)}
        self._judge = Judge(NAME, policy_of(NAME, route, _gateway(found), headers=True), found)

    def access(self, kong: Any) -> None:
        """Kong's access phase."""
        guarded(kong, NAME, lambda: self._judge.access(kong, self._route))


def _methods(config: KeyAuthConfig) -> dict[str, Any]:
    return {"authentication": {"any_of": [f"key-{index}" for index in range(len(config.key_names))]}}


def _gateway(config: KeyAuthConfig) -> dict[str, Any]:
    keys = [
        {
            "id": key.id,
            "prefix": key.prefix,
            "key": key.hash,
            "user_id": key.user_id,
            "scopes": list(key.scopes),
            "rate_limit_tier": key.tier,
        }
        for key in config.keys
    ]
    return {
        **store_of(config),
        "api_key_pepper": {"file": config.pepper_file},
        "api_keys": {"file": config.keys_file} if config.keys_file else keys,
        "tiers": {key.tier: {} for key in config.keys if key.tier is not None},
        "authentication": [
            {"name": f"key-{index}", "method": "api_key", "header": name, "store": config.redis is not None}
            for index, name in enumerate(config.key_names)
        ],
    }
