"""One HTTP/2 stream (RFC 9113 section 5.1), told by its connection what the peer sends.

A stream exists from the peer's HEADERS until both sides ended it or one reset it. What is done with it is a
subclass's matter: `unary`, `streaming` and `refused`. Rarely used state has its first value on the class, because a
stream is made for every call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ext_authz.wire.connection import Connection
    from ext_authz.wire.head import Head
    from ext_authz.wire.unary import UnaryCall


class Stream:
    """A stream that its subclass answers through `self.connection.out`."""

    remote_ended = False
    """The peer has sent END_STREAM."""
    ended = False
    """We have sent END_STREAM or RST_STREAM, or the peer has reset: nothing more may be sent."""
    unread_bytes = 0
    """DATA received since the last WINDOW_UPDATE for this stream."""
    body_bytes = 0
    """DATA received in all, counted where the head named a content-length."""
    age_s = 0.0
    """Since its start, counted in ticks."""
    message_done = False
    """The peer has sent what a call needs, so its slowness is no longer the matter."""

    def __init__(self, connection: Connection, stream_id: int, head: Head) -> None:
        self.connection = connection
        self.id = stream_id
        self.head = head
        self.send_window = connection.out.initial_window

    def received(self, data: bytes, ended: bool) -> None:
        """The peer sent DATA, or ended the stream otherwise (empty data)."""
        raise NotImplementedError

    def cancelled(self) -> None:
        """The peer reset the stream, or its connection ended."""

    def expired(self) -> None:
        """A time limit has passed: the peer's own deadline, or ours for its message."""


class Accept(NamedTuple):
    """Makes the stream of a request whose head has been looked at; `whole` does where its message may come whole."""

    make: Callable[[Connection, int], Stream]
    whole: Callable[[Connection, int], UnaryCall] | None = None


Resolve = Callable[["Head"], Accept]
