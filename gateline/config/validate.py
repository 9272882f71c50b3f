"""Plain data to models, what there may be much of item by item: so no step of it takes long, nor does its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from gateline.authn.key_model import APIKey
from gateline.config.gateway import Gateway
from gateline.config.route import Route
from gateline.config.translate import MOST_FAULTS, faults_from
from gateline.config.upstream import Upstream
from gateline.schema.model import Model
from gateline.values.errors import ConfigError, Path

_LISTS: Final[dict[str, type[Model]]] = {"api_keys": APIKey, "upstreams": Upstream, "routes": Route}


def gateway_of(data: Any, made: list[Any]) -> Gateway:
    """The gateway; `ConfigError` where it is none. Both ways, `made` holds the items that were made."""
    lists = {name: data[name] for name in _LISTS if isinstance(data.get(name), list)} if isinstance(data, dict) else {}
    errors: list[Any] = []
    try:
        gateway = Gateway.model_validate({**data, **dict.fromkeys(lists, ())} if lists else data)
    except ValidationError as error:
        errors += error.errors()
    items = {}
    for name, rows in lists.items():
        items[name] = _items(_LISTS[name], rows, (name,), made, errors, quoted=True)
    if errors:
        raise ConfigError(faults_from(errors, data))
    return gateway.model_copy(update={name: tuple(found) for name, found in items.items()})


def api_keys_of(data: list[Any], made: list[Any]) -> tuple[APIKey, ...]:
    """The keys of a file of their own, in the same way. A fault does not quote what stands in place of a hash."""
    errors: list[Any] = []
    keys = _items(APIKey, data, (), made, errors, quoted=False)
    if errors:
        raise ConfigError(faults_from(errors, data))
    return tuple(keys)


def _items(
    model: type[Model], rows: Iterable[Any], path: Path, made: list[Any], errors: list[Any], *, quoted: bool
) -> list[Any]:
    items: list[Any] = []
    made.append(items)
    for index, row in enumerate(rows):
        try:
            items.append(model.model_validate(row))
        except ValidationError as error:
            found = error.errors(include_input=quoted)
            errors += [{**each, "loc": (*path, index, *each["loc"])} for each in found]
            if len(errors) >= MOST_FAULTS:
                break
    return items
