"""Who holds a stack's lock, where the backend is a folder. Source: pulumi, pkg/backend/diy/lock.go."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class LockHolder:
    """What a lock file says of the process that made it."""

    pid: int | None
    """None where the process was killed before it had written the file."""
    username: str
    hostname: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether the process runs on another computer, where we cannot look for it."""
        return self.hostname != socket.gethostname()

    @property
    def may_live(self) -> bool:
        """Whether the process may still be there. A number that is in use again counts as alive."""
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
        return f"{self.username}@{self.hostname}, pid {self.pid}"


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
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return LockHolder(None, "", "")
    return LockHolder(int(found["pid"]), str(found["username"]), str(found["hostname"]))


def _program(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return None
