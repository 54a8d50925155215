"""Runs a command that must not outlive the process that started it: HOST_PID SIGNAL COMMAND...

The language host starts every program and plugin through this file. Standard library only; it is run with
`python -I -S`, so that it costs about 15 ms, and replaces itself by the command.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Ask the kernel for SIGNAL when the host dies, then become COMMAND."""
    host, signal_number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        # The request survives exec. It is made here and not between fork and exec in the host, since the host
        # has gRPC threads, and Python code after a fork of such a process may deadlock.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != host:
        sys.exit(1)  # the host died before the request was made
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
