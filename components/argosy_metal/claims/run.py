"""Which run a process writes for, and whether that run still lives.

A killed `pulumi` does not take its providers with it, so every writer names its run: the `pulumi` process
that started it. Providers of one run share an epoch in the claims store; a newer run gets a higher one, and
from then on the older run's writes are refused.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _always() -> bool:
    return True


@dataclass(frozen=True)
class RunIdentity:
    """One run of the Pulumi CLI, as its provider processes see it."""

    key: str
    """The same for all providers of a run, different for any two runs."""
    is_alive: Callable[[], bool] = _always
    """Whether the run's CLI is still there. Asked before every write."""
    host: str = ""
    """Name of the computer it works on, for people."""

    @classmethod
    def of_parent(cls) -> RunIdentity:
        """The run whose CLI is this process's parent."""
        parent = os.getppid()
        key = f"{_boot_id()}:{parent}:{start_ticks(parent) or 0}"
        return cls(key, lambda: os.getppid() == parent, socket.gethostname())


def has_ended(key: str, host: str) -> bool:
    """Whether the run with this key, last seen on `host`, is known to be over.

    Known it can be of a run on this computer alone; of any other this says False.
    """
    boot, _, process = key.rpartition(":")[0].partition(":")
    if host != socket.gethostname() or not process.isdigit():
        return False
    ticks = start_ticks(int(process))
    return boot != _boot_id() or ticks is None or str(ticks) != key.rpartition(":")[2]


def start_ticks(pid: int) -> int | None:
    """When process `pid` started, in clock ticks since boot; None where that is not known.

    A process id is used again after its process ends; together with the start it is not.
    Source: proc(5), /proc/[pid]/stat, field 22.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field is the command in parentheses and may itself hold blanks and parentheses.
    return int(stat.rpartition(")")[2].split()[19])


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "no-boot-id"
