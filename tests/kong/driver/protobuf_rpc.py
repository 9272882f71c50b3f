"""Kong's side of ProtoBuf:1, on generated messages alone, so that it shares no hand-made code with the server."""

import json
import struct
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from tests.kong.driver.instances import RunningInstances
from tests.kong.driver.lua import LuaError
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.pool import ClosedError, Connection, Pool
from tests.kong.driver.protobuf_values import METHODS, unwrap, wrap


class RetryError(Exception):
    """Kong would start the instance again and repeat the event."""


class ProtoBufRpc:
    """One plugin's RPC object: it counts its own sequences."""

    def __init__(self, pool: Pool, cut: Callable[[bytes], list[bytes]]) -> None:
        self._pool = pool
        self._cut = cut
        self._sequence = 0

    def start_instance(self, plugin: str, config: dict[str, object]) -> int:
        """The new id; raises LuaError."""
        raw = json.dumps(config, separators=(",", ":")).encode()
        command = pb.CmdStartInstance(name=plugin.encode(), config=raw)
        answer = self._call({"cmd_start_instance": command}, None)
        if isinstance(answer, str):
            raise LuaError(answer)
        if not answer.HasField("instance_status"):
            raise LuaError("attempt to index field 'instance_status' (a nil value)")
        return int(answer.instance_status.instance_id)

    def close_instance(self, instance_id: int) -> None:
        """Whatever the server says."""
        self._call({"cmd_close_instance": pb.CmdInstance(instance_id=instance_id)}, None)

    def handle_event(
        self, running: RunningInstances, plugin: str, config: dict[str, object], phase: str, pdk: Pdk, log: list[str]
    ) -> None:
        """Run an event; raises LuaError, Exit, RetryError."""
        instance_id = running.id_of(self, plugin, config)
        command = pb.CmdHandleEvent(instance_id=instance_id, event_name=phase.encode())
        answer = self._call({"cmd_handle_event": command}, pdk)
        if not isinstance(answer, str):
            return
        log.append(answer)
        if "no plugin instance" in answer.lower() or "closed" in answer.lower():
            running.reset(plugin)
            raise RetryError(answer)
        if phase == "log":
            return
        raise LuaError(f"pluginserver error: {answer}")

    def _call(self, command: dict[str, Any], pdk: Pdk | None) -> Any:
        """The answer, or the text of an error."""
        self._sequence += 1
        sequence = self._sequence + 1
        try:
            connection = self._pool.take()
        except ClosedError as error:
            return str(error)
        try:
            self._write(connection, pb.RpcCall(sequence=sequence, **command).SerializeToString())
        except ClosedError as error:
            connection.close()
            raise LuaError(str(error)) from error
        try:
            failed = self._bridge(connection, pdk) if pdk is not None else None
            message = self._read(connection) if failed is None else b""
        except ClosedError as error:
            connection.close()
            return str(error)
        except Exception:
            connection.close()
            raise
        if failed is not None:
            connection.close()
            return failed
        self._pool.give(connection)
        try:
            answer = pb.RpcReturn.FromString(message)
        except DecodeError as error:
            raise LuaError(f"bad answer: {error}") from error
        if answer.sequence != sequence:
            raise LuaError("assertion failed: sequence")
        return answer

    def _bridge(self, connection: Connection, pdk: Pdk) -> str | None:
        while True:
            name = self._read(connection)
            if not name:
                return None
            arguments = self._read(connection)
            method = name.decode("utf-8", "replace")
            if method not in METHODS or not pdk.has(method):
                return f'method "{method}" not found'
            takes, gives = METHODS[method]
            try:
                given = unwrap(takes, arguments)
            except DecodeError as error:
                raise LuaError(f"bad arguments: {error}") from error
            reply = wrap(gives, pdk.call(method, given), pdk.change.sim.body_file)
            self._write(connection, reply)

    def _read(self, connection: Connection) -> bytes:
        (size,) = struct.unpack("<I", connection.exactly(4))
        return connection.exactly(size)

    def _write(self, connection: Connection, payload: bytes) -> None:
        connection.send(
            [*self._cut(struct.pack("<I", len(payload))), *self._cut(payload)] if payload else [b"\0\0\0\0"]
        )
