"""A Redis or Valkey for commands, which wait: one connection, one command at a time, each within its time."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import hiredis

from gateline.effects import Take, TakeReply
from gateline.limit.script import charge_script
from gateline.runtime.redis_address import RedisAddress
from gateline.runtime.redis_link import Argument, pack
from gateline.runtime.redis_store import levels_of
from gateline.values.errors import UnavailableError

_MORE = object()


class BlockingRedis:
    """Connects at once; every method raises `UnavailableError` where the server is no use."""

    def __init__(self, address: RedisAddress, within_s: float = 2.0) -> None:
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        try:
            self._socket = _open(address, within_s)
        except OSError as error:
            raise UnavailableError("store", f"{address}: {error}") from error
        if address.password:
            who = (address.user, address.password) if address.user else (address.password,)
            self.command("AUTH", *who)
        if address.database:
            self.command("SELECT", address.database)

    def command(self, *arguments: Argument) -> Any:
        """The reply, as hiredis has it."""
        try:
            self._socket.sendall(pack(arguments))
            while (reply := self._reader.gets()) is _MORE:
                data = self._socket.recv(65_536)
                if not data:
                    raise UnavailableError("store", "closed the connection")
                self._reader.feed(data)
        except (OSError, hiredis.ProtocolError) as error:
            raise UnavailableError("store", type(error).__name__) from error
        if isinstance(reply, hiredis.ReplyError):
            raise UnavailableError("store", str(reply).partition(" ")[0])
        return reply

    def take(self, effect: Take) -> TakeReply:
        """Charge all buckets or none."""
        arguments: list[Argument] = [charge.key for charge in effect.charges]
        for charge in effect.charges:
            arguments += (charge.algorithm, charge.cost, len(charge.figures), *charge.figures)
        return TakeReply(levels_of(self.command("EVAL", charge_script(), len(effect.charges), *arguments)))

    def get(self, name: str) -> Any:
        """GET."""
        return self.command("GET", name)

    def set(self, name: str, value: str, ex: int | None = None) -> Any:
        """SET, for `ex` seconds where given."""
        return self.command("SET", name, value) if ex is None else self.command("SET", name, value, "EX", ex)

    def hgetall(self, name: str) -> dict[bytes, bytes]:
        """HGETALL."""
        flat = self.command("HGETALL", name)
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def zrange(self, name: str, start: int, end: int) -> Any:
        """ZRANGE."""
        return self.command("ZRANGE", name, start, end)

    def eval(self, script: str, numkeys: int, *keys_and_args: str) -> Any:
        """EVAL."""
        return self.command("EVAL", script, numkeys, *keys_and_args)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


def _open(address: RedisAddress, within_s: float) -> socket.socket:
    if address.path:
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(within_s)
        plain.connect(address.path)
        return plain
    plain = socket.create_connection((address.host, address.port), within_s)
    if not address.tls:
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)
