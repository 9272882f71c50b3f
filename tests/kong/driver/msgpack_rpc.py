"""Kong's side of MsgPack:1: every message takes a connection from the pool and gives it back."""

import json
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from tests.kong.driver.instances import RunningInstances
from tests.kong.driver.lua import LuaError, table
from tests.kong.driver.pdk import Pdk
from tests.kong.driver.pool import ClosedError, Pool
from tests.kong.driver.protobuf_rpc import RetryError

STEPS = {
    "kong.client.get_credential": "plugin.StepCredential",
    "kong.client.load_consumer": "plugin.StepConsumer",
    "kong.client.get_consumer": "plugin.StepConsumer",
    "kong.client.authenticate": "plugin.StepCredential",
    "kong.node.get_memory_stats": "plugin.StepMemoryStats",
    "kong.router.get_route": "plugin.StepRoute",
    "kong.router.get_service": "plugin.StepService",
    "kong.request.get_query": "plugin.StepMultiMap",
    "kong.request.get_headers": "plugin.StepMultiMap",
    "kong.response.get_headers": "plugin.StepMultiMap",
    "kong.service.response.get_headers": "plugin.StepMultiMap",
}
MULTIMAPS = {name for name, step in STEPS.items() if step == "plugin.StepMultiMap"}
RAW = {"kong.request.get_raw_body", "kong.response.get_raw_body", "kong.service.response.get_raw_body"}


class Raw(bytes):
    """Bytes that Kong packs as binary; every other string is packed as text, whatever its bytes."""


class Unpackable:
    """A body that is not there: Kong finds out when it packs the step, with the connection in its hand."""


class MsgPackRpc:
    """One plugin's RPC object: it counts its own message ids."""

    def __init__(self, pool: Pool, cut: Callable[[bytes], list[bytes]]) -> None:
        self._pool = pool
        self._cut = cut
        self._message_id = 0

    def start_instance(self, plugin: str, config: dict[str, object]) -> int:
        """The new id; raises LuaError."""
        raw = json.dumps(config, separators=(",", ":")).encode()
        answer, error = self._call("plugin.StartInstance", {b"Name": plugin.encode(), b"Config": raw})
        if answer is None:
            raise LuaError(error or "attempt to index a nil value")
        return int(answer[b"Id"])

    def close_instance(self, instance_id: int) -> None:
        """Whatever the server says."""
        self._call("plugin.CloseInstance", instance_id)

    def handle_event(
        self, running: RunningInstances, plugin: str, config: dict[str, object], phase: str, pdk: Pdk, log: list[str]
    ) -> None:
        """Run an event; raises LuaError, Exit, RetryError. A server's error is logged: the request goes on."""
        instance_id = running.id_of(self, plugin, config)
        error = self._bridge(instance_id, phase, pdk, log)
        if error is None:
            return
        log.append(error)
        if "no plugin instance" in error.lower():
            running.reset(plugin)
            raise RetryError(error)

    def _bridge(self, instance_id: int, phase: str, pdk: Pdk, log: list[str]) -> str | None:
        step, error = self._call("plugin.HandleEvent", {b"EventName": phase.encode(), b"InstanceId": instance_id})
        if step is None:
            return error
        event_id = step[b"EventId"]
        while step[b"Data"] != b"ret":
            method = step[b"Data"][b"Method"].decode("utf-8", "replace")
            arguments = step[b"Data"][b"Args"]
            result = None
            if pdk.has(method):
                given = table(list(arguments)) if arguments else {}
                result = pdk.call(method, tuple(table(item) for item in arguments) if given else ())
                result = fix(method, result)
            else:
                log.append(f"could not find pdk method: {method}")
            answer = {b"EventId": event_id} | ({b"Data": result} if result is not None else {})
            step, error = self._call(STEPS.get(method, "plugin.Step"), answer)
            if step is None:
                return error
        return None

    def _call(self, method: str, argument: object) -> tuple[Any, str | None]:
        self._message_id += 1
        message_id = self._message_id
        try:
            connection = self._pool.take()
        except ClosedError as error:
            return None, str(error)
        try:
            connection.send(self._cut(pack([0, message_id, method.encode(), [argument]])))
        except LuaError:
            connection.close()
            raise
        except ClosedError as error:
            self._pool.give(connection)
            return None, str(error)
        reader = msgpack.Unpacker(raw=True, strict_map_key=False)
        while True:
            try:
                reader.feed(connection.read())
                answer = next(iter(reader), None)
            except ClosedError:
                self._pool.give(connection)  # as Kong does: a late answer meets the next message
                return None, "no data"
            except Exception as error:
                connection.close()
                raise LuaError(f"bad answer: {error}") from error
            if answer is not None:
                break
        if not isinstance(answer, list) or answer[0] != 1 or answer[1] != message_id:
            connection.close()
            raise LuaError("unexpected RPC response ID from Go plugin server")
        self._pool.give(connection)
        if answer[2] is not None:
            return None, answer[2].decode("utf-8", "replace")
        return answer[3], None


def fix(method: str, value: Any) -> object:
    """What Kong makes of some results before it packs them."""
    if method in RAW:
        return Unpackable() if value is None else Raw(value)
    if method in MULTIMAPS:
        return {
            name: [] if found is True else [found] if isinstance(found, bytes) else found
            for name, found in value.items()
        }
    return value


def pack(value: object) -> bytes:
    """As lua-MessagePack packs: strings without str8, whole numbers as integers."""
    if isinstance(value, Unpackable):
        raise LuaError("cannot pack a nil body")
    if isinstance(value, Raw):
        return bytes(msgpack.packb(bytes(value), use_bin_type=True))
    if isinstance(value, bytes):
        return bytes(msgpack.packb(value, use_bin_type=False))
    if isinstance(value, float) and value.is_integer():
        return pack(int(value))
    if isinstance(value, list):
        return _head(0x90, 0xDC, len(value)) + b"".join(pack(item) for item in value)
    if isinstance(value, dict):
        return _head(0x80, 0xDE, len(value)) + b"".join(pack(key) + pack(item) for key, item in value.items())
    return bytes(msgpack.packb(value))


def _head(short: int, long: int, size: int) -> bytes:
    return bytes((short | size,)) if size < 16 else bytes((long,)) + size.to_bytes(2, "big")
