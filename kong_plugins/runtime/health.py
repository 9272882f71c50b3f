"""Is a plugin server there, and does its loop turn? For a container's health check."""

import socket
from pathlib import Path

from kong_plugins.protocol import msgpack_rpc
from kong_plugins.protocol.pb import plugin_rpc_pb2 as pb
from kong_plugins.protocol.wire import FrameReader, frame


def ask(path: Path, protocol: str, within_s: float) -> None:
    """Returns when the server answers; raises OSError (TimeoutError included) or ProtocolError when it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within_s)
        connection.connect(str(path))
        if protocol == "protobuf":
            call = pb.RpcCall(sequence=1, cmd_get_instance_status=pb.CmdInstance())
            connection.sendall(frame(call.SerializeToString()))
            reader: FrameReader | msgpack_rpc.MessageReader = FrameReader()
        else:
            connection.sendall(msgpack_rpc.repack([0, 1, "plugin.GetStatus", []]))
            reader = msgpack_rpc.MessageReader()
        while True:
            data = connection.recv(4096)
            if not data:
                raise ConnectionError("the server closed the connection")
            if reader.feed(data):
                return
