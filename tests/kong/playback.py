"""A plugin server that says exactly what a recorded one said, and keeps what Kong's side said to it."""

import base64
import json
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]

from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb

RECORDINGS = Path(__file__).parent / "recordings"
Row = dict[str, Any]


def rows_of(name: str, server: str | None = None) -> list[Row]:
    """The rows of a recording, of one server where it holds several."""
    lines = (RECORDINGS / name).read_text(encoding="utf-8").splitlines()
    rows: list[Row] = [json.loads(line) for line in lines]
    return [row for row in rows if server is None or row["server"] == server]


def raw_of(row: Row) -> bytes:
    """The bytes of a message, framed."""
    if "msgpack_b64" in row:
        return base64.b64decode(row["msgpack_b64"])
    payload = base64.b64decode(row["protobuf_b64"])
    return struct.pack("<I", len(payload)) + payload


def readable(row: Row, raw: bytes) -> object:
    """A message of Kong in a form that does not depend on the order of a table's keys."""
    if "msgpack_b64" in row:
        return msgpack.unpackb(raw, raw=True, strict_map_key=False)
    payload = raw[4:]
    if row["frame"] == "RpcCall":
        return pb.RpcCall.FromString(payload)
    kind = next(iter(row["message"]))
    return _sorted(getattr(pb, kind, pb.Bytes).FromString(payload)) if payload else b""


def _sorted(message: Any) -> object:
    out: list[object] = []
    for field, value in message.ListFields():
        if isinstance(value, str | bytes | int | float):
            out.append((field.name, value))
        elif field.is_repeated:
            items = [item if isinstance(item, bytes) else _sorted(item) for item in value]
            out.append((field.name, sorted(items, key=repr) if field.name == "fields" else items))
        else:
            out.append((field.name, _sorted(value)))
    return sorted(out, key=repr)


class Playback:
    """Plays one server of a recording: `pairs` are (recorded row, what came instead)."""

    def __init__(self, path: str, rows: list[Row]) -> None:
        self.path = path
        self.pairs: list[tuple[Row, bytes]] = []
        self.faults: list[str] = []
        numbers = sorted({row["conn"] for row in rows})
        self._scripts = [[row for row in rows if row["conn"] == number] for number in numbers]
        self._scripts = [script for script in self._scripts if "refused" not in script[0]]
        self._threads: list[threading.Thread] = []
        self._open()

    def _open(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(16)
        self._spawn(self._accept, self._listener)

    def down(self) -> None:
        """The server dies: connections are refused."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        Path(self.path).unlink()

    def up(self) -> None:
        """It is back."""
        self._open()

    def close(self) -> None:
        """End, and wait for all threads."""
        self.down()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _spawn(self, target: Any, argument: Any) -> None:
        thread = threading.Thread(target=target, args=(argument,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._scripts:
                self._spawn(self._play, (connection, self._scripts.pop(0)))
            else:
                self.faults.append("Kong's side opened a connection that was not recorded")
                connection.close()

    def _play(self, given: tuple[socket.socket, list[Row]]) -> None:
        connection, script = given
        connection.settimeout(5)
        rest = b""
        try:
            for row in script:
                if row.get("closed"):
                    if row["from"] == "server":
                        return
                    if connection.recv(1):
                        self.faults.append(f"{row['during']}: Kong's side goes on where Kong closed")
                    return
                if row["from"] == "server":
                    connection.sendall(raw_of(row))
                    continue
                rest = self._message(connection, row)
                self.pairs.append((row, rest))
                rest = b""
        except OSError as error:
            self.faults.append(f"{script[0]['during']}: {error!r}")
        finally:
            connection.close()

    def _message(self, connection: socket.socket, row: Row) -> bytes:
        if "protobuf_b64" in row:
            head = _exactly(connection, 4)
            return head + _exactly(connection, struct.unpack("<I", head)[0])
        data = b""
        while True:
            data += connection.recv(65536)
            try:
                msgpack.unpackb(data, raw=True, strict_map_key=False)
            except ValueError:
                continue
            return data


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        got = connection.recv(size - len(data))
        if not got:
            raise ConnectionError("closed")
        data += got
    return data
