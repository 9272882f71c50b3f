"""What a PDK call returned, whichever way the server hands it over.

The stock server's default is Lua's own `(data, err)`, which looks like a value to code that does not expect it: a tuple
is true.
"""

from __future__ import annotations

from typing import Any


class CallError(Exception):
    """A PDK call failed."""


def told(reply: Any) -> Any:
    """The data; raises CallError where Kong told of an error."""
    if type(reply) is tuple:
        data, error = reply
        if error is not None:
            raise CallError(str(error))
        return data
    return reply
