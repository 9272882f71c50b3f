"""What Kong reads of a plugin before it starts the server: JSON on a stdout that holds nothing else."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kong_plugins.runtime.plugins import load, names


@contextmanager
def clean_stdout() -> Iterator[Callable[[str], None]]:
    """Send what plugins print while they are imported to stderr, C libraries too; gives the way to the real stdout."""
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    try:
        yield lambda text: _write(real, text)
    finally:
        sys.stdout.flush()
        os.dup2(real, 1)
        os.close(real)


def dump(directory: Path, wanted: list[str] | None, protocol: str, write: Callable[[str], None]) -> None:
    """Write the description of the plugins, all without `wanted`; raises what an import raises."""
    plugins = [load(directory, name).description() for name in wanted or names(directory)]
    # MsgPack:1 is a bare list in every version of Kong; only the other protocol has to be named.
    found: object = {"Protocol": "ProtoBuf:1", "Plugins": plugins} if protocol == "protobuf" else plugins
    write(json.dumps(found))


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as out:
        out.write(text)
