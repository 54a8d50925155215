"""Simulated time: real time made faster, or moved by hand in tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class SimulatedClock(Protocol):
    """Two times: that of the halls, and that of the clients, by which sessions end."""

    def now(self) -> float:
        """Simulated seconds since the simulator was first started; never runs backwards."""
        ...

    def real(self) -> float:
        """Real seconds since some fixed moment."""
        ...

    def real_seconds(self, simulated: float) -> float:
        """How long a client waits while so many simulated seconds pass."""
        ...


class ScaledClock:
    """`scale` simulated seconds pass in one real second, beginning at `start`."""

    def __init__(
        self, scale: float, start: float = 0.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._scale = scale
        self._start = start
        self._monotonic = monotonic
        self._origin = monotonic()

    def now(self) -> float:
        """Simulated seconds."""
        return self._start + (self.real() - self._origin) * self._scale

    def real(self) -> float:
        """Real seconds."""
        return self._monotonic()

    def real_seconds(self, simulated: float) -> float:
        """Shorter by the scale."""
        return simulated / self._scale


class ManualClock:
    """Stands still until it is advanced. Its real time is its simulated time."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Simulated seconds."""
        return self._now

    def real(self) -> float:
        """The same."""
        return self._now

    def real_seconds(self, simulated: float) -> float:
        """The same."""
        return simulated

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once."""
        self._now += seconds
