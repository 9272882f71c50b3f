"""What a connection asks of the server, whichever protocol it speaks."""

import asyncio
from typing import Any, Protocol

from kong_plugins.runtime.deadlines import Deadlines
from kong_plugins.runtime.event import Event
from kong_plugins.runtime.faults import FaultLog


class LinkServer(Protocol):
    """The server, as its connections see it."""

    loop: asyncio.AbstractEventLoop
    deadlines: Deadlines
    faults: FaultLog

    def start_instance(self, name: str, config: str, port: Any) -> Event:
        """The start of an instance, which has not begun."""

    def close_instance(self, instance_id: int) -> bool:
        """End an instance; says whether it was known."""

    def event(self, instance_id: int, phase: str, port: Any) -> Event | None:
        """An event that has not begun; None for an unknown id."""

    def attach(self, link: Any) -> None:
        """A connection is there."""

    def detach(self, link: Any) -> None:
        """A connection is gone."""
