"""How much one peer may ask of us. The peer is a proxy, still every byte may be hostile: each bound has a test."""

from __future__ import annotations

from dataclasses import dataclass

# Windows that we grant (RFC 9113 section 5.2): large, since what lies unread is bounded by `buffered_bytes`.
STREAM_WINDOW_BYTES = 1 << 20
CONNECTION_WINDOW_BYTES = 1 << 24
MAX_FRAME_BYTES = 1 << 14  # section 4.2: what every peer must take; we ask for no more


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection, and how many there may be.

    Envoy, grpc-go, grpcio and h2load stay below each of them at full load.
    """

    connections: int = 1024
    concurrent_streams: int = 1024
    header_list_bytes: int = 16 * 1024
    """Above it a call is refused; above four times of it, or with a larger encoded block, the connection ends."""
    continuations: int = 32
    """CONTINUATION frames of one header block."""
    message_bytes: int = 4 * 1024 * 1024
    buffered_bytes: int = 16 * 1024 * 1024
    """All incomplete messages of a connection; the call that exceeds it is refused."""
    control_burst: int = 1000
    """PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown and empty frames at once; calls and time earn new ones."""
    reset_burst: int = 1000
    """Streams that the peer resets before our answer, at once; answered calls and time earn new ones."""
    refill_per_s: int = 200
    write_buffer_bytes: int = 8 * 1024 * 1024
    """What a slow reader may leave unread before its connection is cut."""
    write_stall_s: float = 30.0
    """How long a peer may read nothing, or keep its window closed, while answers wait."""
    header_timeout_s: float = 10.0
    """For the preface and first SETTINGS, for a header block, for the rest of a frame."""
    request_timeout_s: float = 60.0
    """For the message of a unary call."""
    idle_timeout_s: float = 3600.0
    """Without a call; a proxy keeps its connections for long."""
