"""Kong's schema of a plugin's configuration, from the pydantic model that also checks it.

Kong has no unions and no null: a field that may be null is one that is not required. What the schema can't say
(patterns, what fields ask of each other) the model says when an instance starts.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
_MOST = 2**53
Fields = tuple[dict[str, Any], ...]


def kong_schema(model: type[BaseModel]) -> Fields:
    """The `fields` of the plugin's `config` record."""
    schema = model.model_json_schema()
    return _fields(schema, schema.get("$defs", {}))


def _fields(schema: dict[str, Any], defs: dict[str, Any]) -> Fields:
    required = schema.get("required", ())
    return tuple({name: _field(prop, defs, name in required)} for name, prop in schema.get("properties", {}).items())


def _field(prop: dict[str, Any], defs: dict[str, Any], required: bool) -> dict[str, Any]:
    found = _type(prop, defs)
    if prop.get("default") is not None:
        found["default"] = prop["default"]
    if required or prop.get("default") is not None:
        found["required"] = True
    return found


def _type(prop: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in prop:
        return _type(defs[prop["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in prop:
        (only,) = [option for option in prop["anyOf"] if option.get("type") != "null"]
        return _type(only, defs)
    if "enum" in prop or "const" in prop:
        return {"type": "string", "one_of": prop.get("enum") or [prop["const"]]}
    kind = prop.get("type")
    if kind == "array":
        found = {"type": "array", "elements": _type(prop["items"], defs)}
        return {**found, "len_min": prop["minItems"]} if "minItems" in prop else found
    if kind == "object" and "properties" in prop:
        return {"type": "record", "fields": list(_fields(prop, defs))}
    if kind == "object":
        return {"type": "map", "keys": {"type": "string"}, "values": _type(prop["additionalProperties"], defs)}
    return _bounded({"type": _PLAIN[str(kind)]}, prop)


def _bounded(found: dict[str, Any], prop: dict[str, Any]) -> dict[str, Any]:
    if "minimum" in prop or "maximum" in prop:
        found["between"] = [prop.get("minimum", -_MOST), prop.get("maximum", _MOST)]
    if "maxLength" in prop:
        found["len_max"] = prop["maxLength"]
    return found
