"""Finds the processes of this project's Pulumi runs, and ends those that a killed run left behind.

A process is only ever ended when four things are proven: it is ours (same user), it works in this project, it
is one of the programs that a run starts, and no `pulumi` is among its ancestors any more. Source: proc(5).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_CHILDREN = frozenset(
    {
        "argosy_metal.provider.main",
        "language_host.py",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi.policy",
    }
)
_CHANGING = frozenset({"up", "update", "destroy", "down", "dn", "refresh", "import", "watch"})
"""Commands that change a stack, with their aliases (`pulumi destroy --help`)."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Process:
    """One process, with what tells it apart from a later one that has the same id."""

    pid: int
    parent: int
    started: int
    """Clock ticks since boot."""
    arguments: tuple[str, ...]
    folder: Path

    @property
    def program(self) -> str:
        """Name of the executable."""
        return Path(self.arguments[0]).name


def live_runs(root: Path, stack: str) -> list[Process]:
    """Pulumi commands that are changing `stack` from within the project right now."""
    return [process for process in _ours(root).values() if _changes(process, stack)]


def orphans(root: Path) -> list[Process]:
    """What killed runs of this project left behind."""
    everything = _ours(None)
    return [
        process
        for process in _ours(root).values()
        if any(Path(argument).name in _CHILDREN for argument in process.arguments)
        and not any(ancestor.program == "pulumi" for ancestor in _ancestors(process, everything))
    ]


def end_orphans(root: Path, patience_seconds: float, grace_seconds: float = 10.0) -> list[Process]:
    """Wait for orphans to end by themselves, then ask them, then make them; those that had to be asked."""
    _wait_until_gone(root, patience_seconds)
    asked = orphans(root)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in orphans(root):
            _signal(process, number)
        _wait_until_gone(root, grace_seconds)
    return asked


def _wait_until_gone(root: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while orphans(root) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _signal(process: Process, number: signal.Signals) -> None:
    # Looked at again right before: the id may belong to someone else by now.
    again = _read(process.pid)
    if again is not None and again.started == process.started:
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def _changes(process: Process, stack: str) -> bool:
    if process.program != "pulumi" or not _CHANGING & set(process.arguments[1:]):
        return False
    named = _stack_of(process.arguments)
    # Without a name the command works on the selected stack, which may be this one. A name may come with
    # its organization and project.
    return named is None or named.rpartition("/")[2] == stack.rpartition("/")[2]


def _stack_of(arguments: tuple[str, ...]) -> str | None:
    for flag, value in pairwise(arguments):
        if flag in ("--stack", "-s"):
            return value
    return next(
        (argument.partition("=")[2] for argument in arguments if argument.startswith("--stack=")), None
    )


def _ours(root: Path | None) -> Mapping[int, Process]:
    """Processes of this user; with `root`, only those that work at or under it."""
    found = {process.pid: process for process in _all()}
    if root is None:
        return found
    return {pid: process for pid, process in found.items() if process.folder.is_relative_to(root.resolve())}


def _all() -> Iterator[Process]:
    for entry in Path("/proc").glob("[0-9]*"):
        process = _read(int(entry.name))
        if process is not None:
            yield process


def _read(pid: int) -> Process | None:
    """None for processes that are gone, dead, or not ours to look at."""
    folder = Path(f"/proc/{pid}")
    try:
        if folder.stat().st_uid != os.getuid():
            return None
        arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        # The second field is the command in parentheses and may itself hold blanks and parentheses.
        status = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        working = Path(os.readlink(folder / "cwd"))
    except OSError:
        return None
    if not arguments or status[0] in ("Z", "X"):
        return None
    return Process(pid, int(status[1]), int(status[19]), tuple(arguments), working)


def _ancestors(process: Process, everything: Mapping[int, Process]) -> Iterator[Process]:
    parent = everything.get(process.parent)
    while parent is not None and parent.pid > 1:
        yield parent
        parent = everything.get(parent.parent)
