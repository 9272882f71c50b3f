"""The parent of every configuration model: frozen, and an unknown field is an error that suggests the right one."""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A part of the gateway file. Field docs become the JSON Schema's descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = _names_of(cls)
            for key in data:
                if key not in known:
                    raise unknown_field(str(key), sorted(known))
        return data


@cache
def _names_of(model: type[Model]) -> frozenset[str]:
    """The names of a model's fields, and what else they are called."""
    fields = model.model_fields
    return frozenset({field.alias or name for name, field in fields.items()} | set(fields))


def unknown_field(key: str, known: list[str]) -> PydanticCustomError:
    """The error for a field that does not exist; the loader moves it to the line of the field itself."""
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"
    return PydanticCustomError("unknown_field", "is not a known field; {hint}", {"key": key, "hint": hint})
