"""What `gateline serve` was asked for; the supervisor hands the same on to its workers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_LISTEN = "127.0.0.1:9191"
DEFAULT_ADMIN = "127.0.0.1:9190"  # below, since further workers listen above
TRANSPORTS = ("wire", "grpcio")
DEFAULT_TRANSPORT = "wire"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`store` is None where the policy's own holds.

    Of a worker: `control` is the descriptor on which its supervisor asks, `share` how many workers there are.
    """

    config: Path
    listen: str = DEFAULT_LISTEN
    admin: str = DEFAULT_ADMIN
    store: str | None = None
    transport: str = DEFAULT_TRANSPORT
    workers: int = 1
    drain_s: float = 10.0
    control: int | None = None
    share: int = 1

    def worker_arguments(self, listen: str, control: int) -> list[str]:
        """The command line of one worker, after `gateline`. A store's URL may hold a password: not here."""
        return [
            *("serve", "--config", str(self.config), "--listen", listen, "--transport", self.transport),
            *("--drain", f"{self.drain_s:g}", "--control", str(control)),
            *("--share", str(self.workers)),
        ]
