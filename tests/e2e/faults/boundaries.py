"""Call boundaries of a run, counted, and the one at which its process is killed."""

from __future__ import annotations

from dataclasses import dataclass, field


class Killed(BaseException):
    """The process is gone: from here on it does nothing any more."""


@dataclass
class Boundaries:
    """What the processes of one run cross: requests, entries in the claims store, calls of the provider."""

    kill_at: int | None = None
    """Counted from 1."""
    names: list[str] = field(default_factory=list[str])
    is_dead: bool = False

    def cross(self, name: str) -> None:
        """Raise Killed if the process dies here, or is dead."""
        if self.is_dead:
            raise Killed
        self.names.append(name)
        if len(self.names) == self.kill_at:
            self.is_dead = True
            raise Killed
