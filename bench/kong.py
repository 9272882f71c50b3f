"""Server CPU an event of the Kong plugin server, ours against the stock one: `python -m bench.kong`.

Two kinds of work: a key check of two PDK calls (`get_header`, `set_header`), and `gateline-policy` with a JWT and a
limit. A client plays Kong on 16 connections, in rounds that take every server in turn; figures are medians over the
rounds. Kong's own CPU is not in them: ratios count.
"""

import argparse
import os
import selectors
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgpack  # type: ignore[import-untyped]

from bench.kong_work import Work, key_check, policy
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Lane:
    """One connection, and what has come in on it."""

    socket: socket.socket
    rest: bytes = b""


@dataclass
class Variant:
    """One server, and how to speak with it."""

    name: str
    command: list[str]
    path: str
    begin: Callable[["Variant", Lane], None]
    go_on: Callable[["Variant", Lane], int]
    work: Work
    instance: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    cpu_us: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def cpu_s(self) -> float:
        """What its process has used; only its own threads."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def connect(self) -> socket.socket:
        """A new connection."""
        made = socket.socket(socket.AF_UNIX)
        made.connect(self.path)
        return made


def frames(lane: Lane) -> Iterator[bytes]:
    """The complete frames of ProtoBuf:1."""
    while len(lane.rest) >= 4:
        (size,) = struct.unpack_from("<I", lane.rest)
        if len(lane.rest) < 4 + size:
            return
        frame, lane.rest = lane.rest[4 : 4 + size], lane.rest[4 + size :]
        yield frame


def send_frame(lane: Lane, payload: bytes) -> None:
    """In two sends, as Kong does."""
    lane.socket.send(struct.pack("<I", len(payload)))
    if payload:
        lane.socket.send(payload)


def protobuf_begin(variant: Variant, lane: Lane) -> None:
    """Send HandleEvent."""
    if not variant.instance:
        start = pb.RpcCall(
            sequence=2,
            cmd_start_instance=pb.CmdStartInstance(name=variant.work.plugin.encode(), config=variant.work.config),
        )
        send_frame(lane, start.SerializeToString())
        while True:
            lane.rest += lane.socket.recv(65536)
            for frame in frames(lane):
                variant.instance = pb.RpcReturn.FromString(frame).instance_status.instance_id
            if variant.instance:
                break
    event = pb.CmdHandleEvent(instance_id=variant.instance, event_name=b"access")
    send_frame(lane, pb.RpcCall(sequence=3, cmd_handle_event=event).SerializeToString())


def protobuf_go_on(variant: Variant, lane: Lane) -> int:
    """Answer what has come; the number of events that ended."""
    pending: bytes | None = None
    ended = 0
    for frame in frames(lane):
        if pending is not None:
            if pending:
                send_frame(lane, variant.work.protobuf_reply(pending))
            else:
                ended += 1
                protobuf_begin(variant, lane)
            pending = None
        else:
            pending = frame
    if pending is not None:
        lane.rest = struct.pack("<I", len(pending)) + pending + lane.rest
    return ended


def msgpack_begin(variant: Variant, lane: Lane) -> None:
    """Send HandleEvent."""
    if not variant.instance:
        start = [0, 1, "plugin.StartInstance", [{"Name": variant.work.plugin, "Config": variant.work.config.decode()}]]
        lane.socket.send(msgpack.packb(start))
        variant.instance = msgpack.unpackb(lane.socket.recv(65536))[3]["Id"] + 1
    event = {"EventName": "access", "InstanceId": variant.instance - 1}
    lane.socket.send(msgpack.packb([0, 2, "plugin.HandleEvent", [event]]))


def msgpack_go_on(variant: Variant, lane: Lane) -> int:
    """Answer what has come; the number of events that ended."""
    try:
        answer = msgpack.unpackb(lane.rest)
    except ValueError:
        return 0
    lane.rest = b""
    result = answer[3]
    if result["Data"] == "ret":
        msgpack_begin(variant, lane)
        return 1
    step: dict[str, object] = {"EventId": result["EventId"]}
    reply = variant.work.replies.get(result["Data"]["Method"])
    if reply is not None:
        step["Data"] = variant.work.msgpack_reply(reply)
    lane.socket.send(msgpack.packb([0, 3, "plugin.Step", [step]]))
    return 0


def drive(variant: Variant, events: int, connections: int) -> float:
    """Run so many events; the seconds that they took."""
    selector = selectors.EpollSelector()
    lanes = [Lane(variant.connect()) for _ in range(connections)]
    for lane in lanes:
        variant.begin(variant, lane)
        selector.register(lane.socket, selectors.EVENT_READ, lane)
    left = events
    started = time.perf_counter()
    while left > 0:
        for key, _ in selector.select(5):
            lane = key.data
            lane.rest += lane.socket.recv(65536)
            left -= variant.go_on(variant, lane)
    took = time.perf_counter() - started
    for lane in lanes:
        lane.socket.close()
    selector.close()
    return took


@contextmanager
def running(variants: list[Variant]) -> Iterator[None]:
    """All servers, until the end."""
    try:
        for variant in variants:
            variant.process = subprocess.Popen(variant.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for variant in variants:
            until = time.monotonic() + 15
            while not _answers(variant) and time.monotonic() < until:
                time.sleep(0.05)
        yield
    finally:
        for variant in variants:
            if variant.process is not None:
                variant.process.send_signal(signal.SIGKILL)
                variant.process.wait()


def _answers(variant: Variant) -> bool:
    try:
        variant.connect().close()
    except OSError:
        return False
    return True


def variants_in(directory: Path, work: Work) -> list[Variant]:
    """Ours and the stock server, in the modes that it has."""
    plugins = str(work.plugins)
    binaries = Path(sys.executable).parent
    ours = [str(binaries / "gateline-kong-server"), "-d", plugins, "--standalone", "--only", work.plugin]
    stock = [str(binaries / "kong-python-pluginserver"), "-d", plugins, "-p", str(directory), "--no-lua-style"]
    found = []
    for name, command, path, begin, go_on in (
        ("ours, ProtoBuf", [*ours, "--socket"], "pb", protobuf_begin, protobuf_go_on),
        ("ours, MsgPack", [*ours, "--protocol", "msgpack", "--socket"], "mp", msgpack_begin, msgpack_go_on),
        ("stock, threads", [*stock, "--socket-name"], "threads", msgpack_begin, msgpack_go_on),
        ("stock, -g", [*stock, "-g", "--socket-name"], "gevent", msgpack_begin, msgpack_go_on),
    ):
        full = str(directory / path)
        found.append(Variant(name, [*command, path if "stock" in name else full], full, begin, go_on, work))
    return found


def main() -> None:
    """The entry point."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("--rounds", type=int, default=5)
    line.add_argument("--events", type=int, default=4000, help="events a server and round")
    line.add_argument("--connections", type=int, default=16)
    given = line.parse_args()
    for make in (key_check, policy):
        with tempfile.TemporaryDirectory(prefix="gateline-bench-") as name:
            measure(make(Path(name)), Path(name), given)


def measure(work: Work, directory: Path, given: argparse.Namespace) -> None:
    """One kind of work on every server, and its table."""
    variants = variants_in(directory, work)
    with running(variants):
        for number in range(given.rounds + 1):
            for variant in variants:
                before = variant.cpu_s()
                took = drive(variant, given.events, given.connections)
                if number:  # the first round warms up
                    variant.cpu_us.append((variant.cpu_s() - before) / given.events * 1e6)
                    variant.rate.append(given.events / took)
    report(work, variants)


def report(work: Work, variants: list[Variant]) -> None:
    """The table, and whether the targets are met."""
    print(f"\n{work.title}")
    base = statistics.median(next(variant for variant in variants if variant.name == "stock, -g").cpu_us)
    print(f"{'server':16} {'CPU µs/event':>13} {'events/s':>9} {'of -g':>6}  target")
    for variant in variants:
        cpu = statistics.median(variant.cpu_us)
        target = work.targets.get(variant.name)
        verdict = "" if target is None else f"<= {target} {'met' if cpu / base <= target else 'MISSED'}"
        print(f"{variant.name:16} {cpu:13.1f} {statistics.median(variant.rate):9.0f} {cpu / base:6.2f}  {verdict}")


if __name__ == "__main__":
    main()
