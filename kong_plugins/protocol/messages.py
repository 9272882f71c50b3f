"""What Kong asks of a plugin server, free of either protocol."""

from dataclasses import dataclass

PHASES = ("certificate", "rewrite", "access", "response", "log", "preread")


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Start a plugin with a configuration (JSON); answered with an instance id."""

    message_id: int
    plugin: str
    config: str


@dataclass(frozen=True, slots=True)
class CloseInstance:
    """A configuration is gone; Kong does not mind what the answer says."""

    message_id: int
    instance_id: int


@dataclass(frozen=True, slots=True)
class HandleEvent:
    """Run one phase of one request on an instance."""

    message_id: int
    instance_id: int
    phase: str


@dataclass(frozen=True, slots=True)
class Step:
    """MsgPack:1 only: Kong's answer to the PDK call that the event waits for; `error` where it failed."""

    message_id: int
    event_id: int
    reply: object
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Are you there? Kong never asks it; our health check does."""

    message_id: int


Call = StartInstance | CloseInstance | HandleEvent | Step | Status
