"""Who holds a stack's lock, where the backend is a folder. Source: pulumi, pkg/backend/diy/lock.go."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from argosy.spec.words import visible
from argosy_metal.commands.printable import printable

_LARGEST_PID = 2**31 - 1
"""Of a `pid_t`, which has 32 bits and a sign."""


@dataclass(frozen=True)
class LockHolder:
    """What a lock file says of the process that made it."""

    pid: int | None
    """None where the process was killed before it had written the file."""
    username: str
    hostname: str
    stranger: str = ""
    """The file, where it is none that Pulumi has written, so that nobody is known to be gone."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the process runs on another computer, where we cannot look for it."""
        return self.hostname != socket.gethostname()

    @property
    def may_live(self) -> bool:
        """Whether the process may still be there. A number that is in use again counts as alive."""
        if self.stranger:
            return True
        if self.pid is None:
            return False
        if self.is_elsewhere:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _program(self.pid) in (None, "pulumi")

    def __str__(self) -> str:
        if self.stranger:
            return f"whoever wrote {visible(self.stranger)}, which is no lock of Pulumi's"
        return f"{printable(self.username)}@{printable(self.hostname)}, pid {self.pid}"


def lock_holders(backend_url: str, stack: str) -> list[LockHolder] | None:
    """Whoever has locked `stack`; None where the backend is not a folder, so that it cannot be told."""
    parts = urlsplit(backend_url)
    if parts.scheme != "file":
        return None
    locks = Path(unquote(parts.path)) / ".pulumi" / "locks"
    # organization/PROJECT/STACK in today's layout, STACK in that of old backends.
    name = stack.rpartition("/")[2]
    return [_holder(path) for path in sorted(locks.rglob("*.json")) if path.parent.name == name]


def _holder(path: Path) -> LockHolder:
    stranger = LockHolder(None, "", "", str(path))
    if not path.is_file():
        return stranger
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return LockHolder(None, "", "")
    except RecursionError:
        return stranger
    said = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    pid, username, hostname = (said.get(name) for name in ("pid", "username", "hostname"))
    if type(pid) is not int or not 0 < pid <= _LARGEST_PID:
        return stranger
    if not isinstance(username, str) or not isinstance(hostname, str):
        return stranger
    return LockHolder(pid, username, hostname)


def _program(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return None
