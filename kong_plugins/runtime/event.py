"""One phase of one request on one instance: it ends exactly once, and every way out but a clean return is a 5xx.

    begin ─► plugin runs ─► asks Kong, waits ─► … ─► finish      the request goes on
                        ├─► exit                                 the plugin's own answer
                        ├─► raise, bad argument, unknown call    fail: 500 at once
                        ├─► deadline                             fail: 500 at once, the plugin is unwound
                        └─► Kong is gone                         the plugin is unwound

`over` is set before anything is sent, so that no later step can send a second answer.
"""

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn, Protocol

from kong_pdk.exception import PDKException

from kong_plugins.protocol.call_replies import BodyFile
from kong_plugins.protocol.errors import ProtocolError, UnserialisableError
from kong_plugins.runtime import hub
from kong_plugins.runtime.deadlines import Deadlines
from kong_plugins.runtime.faults import FaultLog
from kong_plugins.runtime.pool_strand import PoolStrand
from kong_plugins.runtime.strand import EventOver, LoopStrand, Turn

FAILED = (500, b'{"message":"An unexpected error occurred"}', {"content-type": "application/json; charset=utf-8"})
"""What `kong.response.exit` is given when an event fails."""


class DeadlineError(BaseException):
    """Raised into plugin code that holds the processor past its event's deadline."""


class Fault(BaseException):
    """Unwinds a plugin whose PDK call could not be made; the client has its 500 already."""


class World(Protocol):
    """What an event needs of its server."""

    turn: Turn
    faults: FaultLog
    lua_style: bool

    def submit(self, work: Callable[[], None]) -> None:
        """See `Pool.submit`."""


class Port(Protocol):
    """How an event speaks to Kong."""

    def ask(self, data: bytes) -> None:
        """Write a PDK call; its reply comes back by `Event.answer`."""

    def end(self, result: Any) -> None:
        """The plugin has returned: the request goes on."""

    def exit(self, data: bytes) -> None:
        """Write a PDK call that ends the request."""

    def fail(self) -> None:
        """End the request with a 5xx."""


class Event:
    """One phase of one request, or the start of an instance."""

    __slots__ = ("_work", "deadline_s", "deadlines", "over", "pending", "phase", "plugin", "port", "strand", "world")

    def __init__(
        self,
        world: World,
        deadlines: Deadlines,
        port: Port,
        plugin: str,
        phase: str,
        work: Callable[[], Any],
        *,
        blocking: bool,
    ) -> None:
        self.world = world
        self.deadlines = deadlines
        self.port = port
        self.plugin = plugin
        self.phase = phase
        self.over = False
        self.deadline_s = 0.0
        self.pending: Any = None
        self._work = work
        self.strand: LoopStrand | PoolStrand = PoolStrand(world.turn, world.submit) if blocking else world.turn.strand()

    def remaining_s(self) -> float:
        """Seconds until the deadline, 0 after it."""
        return max(0.0, self.deadline_s - monotonic())

    # On the loop.

    def begin(self) -> None:
        """Start the clock, and the plugin."""
        self.deadlines.add(self)
        try:
            self.strand.begin(self)
        except Exception as error:  # noqa: BLE001 - the pool is full, or the machine out of threads
            self._failed(error)

    def answer(self, reply: object) -> None:
        """Kong has answered the PDK call that the plugin waits for."""
        self.pending = None
        self.strand.resume(reply)

    def reject(self, error: ProtocolError) -> None:
        """Kong has answered with bytes that are no reply."""
        self._failed(error)
        self.strand.stop(self)

    def expire(self) -> None:
        """The deadline has passed."""
        if not self.over:
            after = f"after {self.deadlines.allowed_s * 1000:.0f} ms"
            if self.pending is None:
                self._failed(DeadlineError(f"no end {after}"))
            else:  # over MsgPack:1 Kong forgets an event when the call fails in its Lua
                self._failed(DeadlineError(f"Kong has not answered {self.pending.name} {after}"))
            self.strand.stop(self)

    def lose(self) -> None:
        """Kong has gone."""
        if not self.over:
            self._close()
            self.strand.stop(self)

    def _send(self, method: Any, data: bytes) -> None:
        if not self.over:
            self.pending = method
            self.port.ask(data)

    def _exit(self, data: bytes) -> None:
        if not self.over:
            self._close()
            self.port.exit(data)

    def _finished(self, result: Any) -> None:
        if not self.over:
            self._close()
            self.port.end(result)

    def _failed(self, error: BaseException) -> None:
        self._fail()
        self.world.faults.report(self.plugin, self.phase, error)

    def _fail(self) -> None:
        if not self.over:
            self._close()
            if self.phase == "log":
                self.port.end(None)  # the response is out; Kong would repeat a log event without end
            else:
                self.port.fail()

    def _close(self) -> None:
        self.over = True
        self.deadlines.discard(self)

    # On the plugin's side.

    def run(self) -> None:
        """The body of the strand."""
        strand = self.strand
        try:
            try:
                result = self._work()
            finally:
                strand.leave()
        except EventOver:
            pass
        except BaseException as error:  # noqa: BLE001 - SystemExit too: a plugin may not end the server
            strand.tell(self._failed, error)
        else:
            strand.tell(self._finished, result)
        finally:
            self._work = _nothing

    def call(self, method: Any, arguments: tuple[object, ...]) -> Any:
        """Make a PDK call and return Kong's reply; raises EventOver after an exit, and when the event is decided."""
        if self.over:
            raise EventOver
        try:
            data = method.encode(arguments)
        except UnserialisableError as error:
            self.fault(error)
        if method.terminal:
            self.strand.tell(self._exit, data)
            raise EventOver
        reply = self.strand.ask(self._send, method, data)
        if type(reply) is BodyFile:
            reply = self._body(reply.path)
        if type(reply) is PDKException or self.world.lua_style:
            return self._styled(method, reply)
        return reply

    def fault(self, error: Exception) -> NoReturn:
        """Fail the event at once for a PDK call that cannot be made, and unwind the plugin, whatever it catches."""
        self.strand.tell(self._fail)
        raise Fault(str(error)) from None  # the text has all of it, and the traceback shows the plugin's line

    def _body(self, path: str) -> bytes:
        try:
            return hub.in_pool(Path(path).read_bytes)
        except OSError as error:
            hint = "raise Kong's nginx_http_client_body_buffer_size, or let this server read Kong's client_body_temp"
            self.fault(OSError(f"the body is in {path}, {error.strerror}: {hint}"))

    def _styled(self, method: Any, reply: object) -> object:
        failed = type(reply) is PDKException
        if self.world.lua_style:
            return (None, str(reply)) if failed else (reply, None)
        raise PDKException(f"exception from {method.name}: {reply}")


def _nothing() -> None:
    """Stands where the work was, so that an ended event keeps no request alive."""
