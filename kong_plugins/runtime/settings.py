"""How a plugin server is run: what the command line says, and what follows from it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """One plugin server, of one or several processes on one socket."""

    directory: Path
    socket: Path
    protocol: str = "protobuf"
    plugins: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    deadline_s: float = 5.0
    idle_s: float = 3600.0
    processes: int = 1
    pool_threads: int = 16
    lua_style: bool = False
    parent_pid: int | None = None
    """The process with which the server ends; Kong's worker, where Kong started it."""
    socket_mode: int = 0o660
    shared: Path | None = None

    @property
    def ids_path(self) -> Path:
        """The file that keeps instance ids from being used twice."""
        return self.socket.with_name(f"{self.socket.name}.ids")

    def peer_path(self, process: int) -> Path:
        """The socket over which the other processes reach this one."""
        assert self.shared is not None  # noqa: S101 - only asked for where there are several
        return self.shared / f"process-{process}"
