"""What a client is told about one BMC and about patience: plain values, no network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

Resolve = Callable[[str], tuple[str, int] | None]
"""Host name to (IP address, port) of a simulated site; None: ask the DNS."""


@dataclass(frozen=True)
class Credentials:
    """An account of the BMC. Values live in memory only; neither repr nor str shows the password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Patience:
    """Bounds on waiting, in seconds of real time. Nothing here is random: two runs wait alike."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float = 120.0
    """For one request and its answer."""
    attempts: int = 3
    """How often a GET is sent at most."""
    first_wait_seconds: float = 1.0
    """Between the first two attempts; doubles from there."""
    longest_wait_seconds: float = 30.0
    """Bounds every wait, also one that the BMC asks for by Retry-After."""
    poll_seconds: float = 2.0
    """Between looks at a task, where the BMC does not say."""
    task_seconds: float = 900.0
    """How long an accepted operation may take."""
    close_seconds: float = 5.0
    """For deleting our session at the end."""

    def wait_seconds(self, attempt: int, retry_after: float | None) -> float:
        """Time to wait after attempt number `attempt`, counted from 1."""
        wanted = self.first_wait_seconds * 2 ** (attempt - 1) if retry_after is None else retry_after
        return min(max(wanted, 0.0), self.longest_wait_seconds)


class Clock(Protocol):
    """Where time comes from, so that tests need not wait."""

    def now(self) -> float:
        """Seconds since some fixed moment; never runs backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds`."""
        ...


class SystemClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds` of real time."""
        await asyncio.sleep(seconds)
