"""Who holds a simulator's directory: a lock on `simulator.lock`, and in that file the holder's record.

The lock ends with its process, however that ends; the record stays, so it counts only while a process with
its id and its start lives. Sources: flock(2), proc(5).
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from argosy_metal.claims.run import start_ticks
from argosy_metal.simulator.endpoint import SimulatorError

LOCK_FILE = "simulator.lock"
_POLL_SECONDS = 0.02


class LockedError(SimulatorError):
    """Another process has the lock."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a directory, as it says itself."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    # A signal to 0 or -1 would reach the caller's whole group, or everything.
    pid: Annotated[int, Field(gt=0, lt=1 << 31)]
    started: int | None
    """Clock ticks since boot; None where that is not known."""

    def is_detached_in(self, directory: Path) -> bool:
        """True if it is proven to be the detached simulator of `directory`, which any command may end.

        One in the foreground is its terminal's.
        """
        if self.started is None or start_ticks(self.pid) != self.started:
            return False
        try:
            raw = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False
        return raw.split(b"\0")[1:-1] == [os.fsencode(word) for word in detached_command(directory)[1:]]


_HOLDER = TypeAdapter(Holder)


def detached_command(directory: Path) -> list[str]:
    """What a detached simulator is started by."""
    return [sys.executable, "-m", "argosy_metal.simulator", os.fspath(directory.resolve())]


@contextmanager
def locked(path: Path, patience_seconds: float = 0.0) -> Generator[IO[bytes]]:
    """Hold the lock on a file that is made if it is missing. What stands in it stays.

    Raises LockedError if another process has it for longer than `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    with _opened(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockedError(f"{path}: another process has this lock") from None
            time.sleep(_POLL_SECONDS)
        yield file


def is_held(directory: Path) -> bool:
    """True while any process holds the directory."""
    try:
        with locked(directory / LOCK_FILE):
            return False
    except LockedError:
        return True


def sign(lock: IO[bytes]) -> None:
    """Say in the lock's file that this process holds it."""
    pid = os.getpid()
    os.ftruncate(lock.fileno(), 0)
    os.write(lock.fileno(), json.dumps(asdict(Holder(pid, start_ticks(pid)))).encode())


def read_holder(directory: Path) -> Holder | None:
    """Who signed last, if it lives. None too if the record is missing or damaged."""
    try:
        holder = _HOLDER.validate_json((directory / LOCK_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return holder if start_ticks(holder.pid) == holder.started else None


def _opened(path: Path) -> IO[bytes]:
    try:
        # Appending, since any other way to write would wipe out the holder's record before it is locked.
        return path.open("ab")
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be opened ({error.strerror}); remove it") from None
