"""Runs a command that ends with its parent: `python -m gateline.demo.tether PARENT_PID COMMAND …`.

On Linux the kernel sees to it (PR_SET_PDEATHSIG outlives the exec, so that the command is all that is left of this
process). Elsewhere this process stays, looks after its parent twice a second, and passes signals on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_S = 0.5


def main() -> None:
    """Become the command, or run it."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform != "linux":
        sys.exit(_watch(parent, command))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel knew
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # the command is ours


def _watch(parent: int, command: list[str]) -> int:
    process = subprocess.Popen(command, close_fds=False)  # noqa: S603  # the command is ours
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: process.send_signal(got))
    while process.poll() is None:
        if os.getppid() != parent:
            process.kill()
        time.sleep(LOOK_S)
    return process.returncode


if __name__ == "__main__":
    main()
