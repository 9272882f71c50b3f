"""One process, from its first line to its last: the loop, the signals, the sockets."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from kong_plugins.runtime.server import Server
from kong_plugins.runtime.settings import Settings
from kong_plugins.runtime.socket_file import listen


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's loop where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run(settings: Settings, listener: socket.socket, at_end: Callable[[], None], process: int = 0) -> NoReturn:
    """Serve until SIGTERM or SIGINT, then `at_end`, and leave the process."""
    loop = new_loop()
    asyncio.set_event_loop(loop)
    server = Server(settings, loop, process)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    listeners = [listener]
    if settings.shared is not None:
        listeners.append(listen(settings.peer_path(process), 0o600))
    loop.run_until_complete(server.serve(listeners, lambda: _ready(settings, process)))
    at_end()
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(0)  # threads of the pool may block for long; nobody waits for them


def _ready(settings: Settings, process: int) -> None:
    names = ", ".join(settings.plugins) or str(settings.directory)
    number = f", process {process}" if settings.processes > 1 else ""
    sys.stderr.write(f"gateline-kong-server: ready on {settings.socket} ({settings.protocol}{number}): {names}\n")
    sys.stderr.flush()
