"""`gateline-kong-server`: Kong's Python plugins, failing closed."""

import argparse
import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from kong_plugins.protocol.errors import ProtocolError
from kong_plugins.runtime import process
from kong_plugins.runtime.dump import clean_stdout, dump
from kong_plugins.runtime.health import ask
from kong_plugins.runtime.settings import Settings
from kong_plugins.runtime.socket_file import identity, listen, remove
from kong_plugins.runtime.workers import Workers

DESCRIPTION = """\
Runs Kong plugins written in Python (kong-pdk, unchanged) so that a request never passes because a plugin failed:
an exception, a plugin that hangs, a bad argument or a crash becomes a 5xx, at once where it can."""

EPILOG = """\
Started by Kong (kong.conf), one entry per plugin, one process for them all:
  plugins = bundled,my-auth,my-log
  pluginserver_names = my-auth,my-log
  pluginserver_my_auth_socket = /usr/local/kong/gateline.sock
  pluginserver_my_auth_start_cmd = gateline-kong-server -d /opt/plugins --socket /usr/local/kong/gateline.sock
  pluginserver_my_auth_query_cmd = gateline-kong-server -d /opt/plugins --dump my-auth
  pluginserver_my_log_socket = /usr/local/kong/gateline.sock
  pluginserver_my_log_query_cmd = gateline-kong-server -d /opt/plugins --dump my-log
  nginx_http_lua_socket_read_timeout = 10s      # longer than --deadline
Kong starts it with an empty environment: give secrets by file.

Started by itself (own container, or systemd): add --standalone, leave every start_cmd out, share the socket's
directory, and use `gateline-kong-server --check --socket PATH` as the health check.

Kong 3.4 to 3.7, and plugins that need a PDK call which ProtoBuf:1 lacks: --protocol msgpack, on both the start_cmd and
the query_cmd. Over MsgPack:1 Kong lets requests through while the server is down: put a fence behind such a plugin.
"""

SOCKET_HELP = "the Unix socket (default: PREFIX/python_pluginserver.sock)"
BLOCKING_HELP = "plugins that call blocking libraries: they run in threads (a plugin may also say `blocking = True`)"
IDLE_HELP = "forget a configuration that no event used for so long (default: 3600)"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(
        prog="gateline-kong-server",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    line.add_argument("-d", "--plugins-directory", metavar="DIR", type=Path, help="where the plugins are: NAME.py each")
    line.add_argument("--socket", metavar="PATH", type=Path, help=SOCKET_HELP)
    line.add_argument(
        "-p", "--kong-prefix", metavar="PREFIX", type=Path, default=Path("/usr/local/kong"), help="Kong's prefix"
    )
    line.add_argument("--protocol", choices=("protobuf", "msgpack"), default="protobuf", help="default: protobuf")
    line.add_argument("--version", action="store_true", help="print the version and end")

    do = line.add_argument_group("instead of serving").add_mutually_exclusive_group()
    do.add_argument("--dump", metavar="NAME", help="describe one plugin (Kong's query_cmd)")
    do.add_argument("--dump-all-plugins", action="store_true", help="the same of all; Kong >= 3.9 reads only the first")
    do.add_argument("--check", action="store_true", help="exit 0 if the server on --socket answers within a second")

    how = line.add_argument_group("how to serve")
    how.add_argument(
        "--only", metavar="NAME,…", type=_names, default=(), help="load these plugins (default: all in DIR)"
    )
    how.add_argument(
        "--deadline", metavar="SECONDS", type=float, default=5.0, help="an event's longest time (default: 5)"
    )
    how.add_argument("--processes", metavar="N", type=int, default=1, help="processes on the one socket (default: 1)")
    how.add_argument("--blocking", metavar="NAME,…", type=_names, default=(), help=BLOCKING_HELP)
    how.add_argument("--pool-threads", metavar="N", type=int, default=16, help="threads for such plugins (default: 16)")
    how.add_argument("--idle", metavar="SECONDS", type=float, default=3600.0, help=IDLE_HELP)
    how.add_argument("--lua-style", action="store_true", help="PDK calls return (data, err), for plugins of old")
    how.add_argument("--no-lua-style", action="store_false", dest="lua_style", help="PDK calls return data (default)")
    how.add_argument("--standalone", action="store_true", help="go on when the process that started it ends")
    how.add_argument(
        "--socket-mode", metavar="OCTAL", type=lambda text: int(text, 8), default=0o660, help="default: 660"
    )
    return line


def main() -> None:
    """The entry point."""
    parent_pid = os.getppid()
    line = parser()
    given = line.parse_args()
    path: Path = given.socket or given.kong_prefix / "python_pluginserver.sock"
    if given.version:
        sys.stdout.write(f"gateline {version('gateline')}\n")
        return
    if given.check:
        _check(path, given.protocol)
        return
    if given.plugins_directory is None or not given.plugins_directory.is_dir():
        line.error("--plugins-directory must name a directory")
    if given.dump or given.dump_all_plugins:
        _dump(given.plugins_directory, [given.dump] if given.dump else None, given.protocol)
        return
    if given.deadline <= 0 or given.processes < 1 or given.pool_threads < 1:
        line.error("--deadline, --processes and --pool-threads must be positive")
    _serve(_settings(given, path, parent_pid))


def _settings(given: argparse.Namespace, path: Path, parent_pid: int) -> Settings:
    return Settings(
        directory=given.plugins_directory.absolute(),
        socket=path.absolute(),
        protocol=given.protocol,
        plugins=given.only,
        blocking=given.blocking,
        deadline_s=given.deadline,
        idle_s=given.idle,
        processes=given.processes,
        pool_threads=given.pool_threads,
        lua_style=given.lua_style,
        parent_pid=None if given.standalone else parent_pid,
        socket_mode=given.socket_mode,
    )


def _serve(settings: Settings) -> None:
    try:
        listener = listen(settings.socket, settings.socket_mode)
    except OSError as error:
        sys.exit(f"gateline-kong-server: cannot listen on {settings.socket}: {error}")
    mine = identity(settings.socket)
    if settings.processes == 1:
        process.run(settings, listener, lambda: remove(settings.socket, mine))
    try:
        Workers(settings, listener).run()
    finally:
        remove(settings.socket, mine)


def _dump(directory: Path, wanted: list[str] | None, protocol: str) -> None:
    with clean_stdout() as write:
        try:
            dump(directory, wanted, protocol, write)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's import may raise anything
            sys.stderr.write("".join(traceback.format_exception(error)))
            sys.exit(f"gateline-kong-server: {wanted[0] if wanted else directory} cannot be described: {error}")


def _check(path: Path, protocol: str) -> None:
    try:
        ask(path, protocol, within_s=1.0)
    except (OSError, ProtocolError) as error:
        sys.exit(f"gateline-kong-server: {path}: {error}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


if __name__ == "__main__":
    main()
