"""A plugin's configuration as Kong sends it, read by the plugin's model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from gateline.config.translate import fault_from
from gateline.schema.model import Model
from gateline.values.errors import ConfigError

M = TypeVar("M", bound=Model)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")


def read(model: type[M], config: Mapping[str, Any], plugin: str) -> M:
    """The configuration; `ConfigError` where the model refuses it.

    Kong adds fields of its own, sends null for what is not set, and an empty list as an empty object.
    """
    given = {name: _plain(config[name]) for name in model.model_fields if config.get(name) not in (None, {})}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [fault_from(one, given) for one in error.errors(include_input=False)]
        raise ConfigError(type(fault)(fault.path, fault.message, 0, plugin) for fault in faults) from error


def plugin_id(config: Mapping[str, Any]) -> str:
    """Kong's id of the plugin, by which its counters are named; without one, what it was configured with."""
    given = config.get("__plugin_id")
    if isinstance(given, str) and _ID.fullmatch(given):
        return given
    own = {name: value for name, value in config.items() if name != "__seq__"}
    return hashlib.sha256(json.dumps(own, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner not in (None, {})}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
