"""Kong's pool of connections to a plugin server: the last used is taken first, one that the server has closed never.

Bytes may be cut anywhere on their way, and a read waits as long as `nginx_http_lua_socket_read_timeout` says.
"""

import socket
from collections.abc import Callable, Iterable


class ClosedError(Exception):
    """The server closed the connection, or there is none; its text is Kong's."""


class Connection:
    """A connection, and what has been read of it and not used."""

    def __init__(self, path: str, number: int, timeout_s: float) -> None:
        self.number = number
        self.rest = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise ClosedError("connection refused") from error

    def send(self, pieces: Iterable[bytes]) -> None:
        """Write each piece in a send of its own; raises ClosedError."""
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except OSError as error:
            raise ClosedError("closed") from error

    def read(self) -> bytes:
        """Some bytes; raises ClosedError with "closed" or "timeout"."""
        try:
            data = self._socket.recv(65536)
        except TimeoutError as error:
            raise ClosedError("timeout") from error
        except OSError as error:
            raise ClosedError("closed") from error
        if not data:
            raise ClosedError("closed")
        return data

    def exactly(self, size: int) -> bytes:
        """That many bytes; raises ClosedError."""
        while len(self.rest) < size:
            self.rest += self.read()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def alive(self) -> bool:
        """Whether the server has neither closed it nor said anything out of turn."""
        self._socket.setblocking(False)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self._socket.settimeout(self.timeout_s)

    @property
    def timeout_s(self) -> float:
        """How long a read waits."""
        return self._timeout_s

    @timeout_s.setter
    def timeout_s(self, value: float) -> None:
        self._timeout_s = value
        self._socket.settimeout(value)

    def close(self) -> None:
        """Drop it."""
        self._socket.close()


class Pool:
    """The idle connections to one socket."""

    def __init__(self, path: str, timeout_s: float, on_open: Callable[[int], None] = lambda _number: None) -> None:
        self.path = path
        self.timeout_s = timeout_s
        self.opened = 0
        self._on_open = on_open
        self._idle: list[Connection] = []

    def take(self) -> Connection:
        """An idle connection, or a new one; raises ClosedError."""
        while self._idle:
            connection = self._idle.pop()
            if connection.alive():
                return connection
            connection.close()
        self.opened += 1
        connection = Connection(self.path, self.opened, self.timeout_s)
        connection.timeout_s = self.timeout_s
        self._on_open(self.opened)
        return connection

    def give(self, connection: Connection) -> None:
        """Keep it for the next one."""
        self._idle.append(connection)

    def close(self) -> None:
        """Drop them all, as a worker that ends."""
        while self._idle:
            self._idle.pop().close()
