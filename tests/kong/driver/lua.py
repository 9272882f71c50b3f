"""Lua's values in Python, as far as Kong's plugin protocols can tell them apart.

A string is bytes, a table is a dict or a list that is not empty, nil is None; an empty list is an empty table.
"""

import json


class LuaError(Exception):
    """An error that unwinds Kong's Lua up to the plugin: the request ends with 500."""


class Exit(Exception):  # noqa: N818 - it is no error
    """`kong.response.exit` ends the request."""

    def __init__(self, status: int, body: object, headers: dict[object, object]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


def table(value: object) -> object:
    """`value` as Lua holds it: no nil inside, an empty list is an empty table, a list ends at its first nil."""
    if isinstance(value, dict):
        return {key: table(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        out = []
        for item in value:
            if item is None:
                break
            out.append(table(item))
        return out or {}
    return value


def text(value: object) -> str:
    """A Lua string as Python's."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def tostring(value: object) -> bytes:
    """Lua's `tostring`."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)).encode()
    return str(value).encode()


def to_json(value: object) -> bytes:
    """As cjson writes a table."""

    def plain(item: object) -> object:
        if isinstance(item, bytes):
            return item.decode("utf-8", "surrogateescape")
        if isinstance(item, dict):
            return {text(key): plain(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [plain(inner) for inner in item]
        if isinstance(item, float) and item.is_integer():
            return int(item)
        return item

    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def from_json(raw: bytes) -> object:
    """As cjson reads it."""

    def lua(item: object) -> object:
        if isinstance(item, str):
            return item.encode("utf-8", "surrogateescape")
        if isinstance(item, dict):
            return {lua(key): lua(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [lua(inner) for inner in item]
        return item

    return table(lua(json.loads(raw)))
