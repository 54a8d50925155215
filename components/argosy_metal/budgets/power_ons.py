"""Servers are switched on one after another, as the feeds can bear it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from argosy_metal.budgets.waiter import Waiter, tell_over
from argosy_metal.budgets.windows import Start, seconds_until_room


class _Clock(Protocol):
    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(eq=False)
class _Turn:
    feeds: frozenset[str]
    watts: int
    start: Start | None = None
    """Set once it may start."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class PowerOns:
    """How many watts may start within a window, by feed.

    A server counts with all its start-up watts on each of its feeds: any one of them must be able to carry it
    alone. In the order of arrival among servers that share a feed; those on other feeds need not wait.
    """

    def __init__(
        self, limits: Mapping[str, int], window_seconds: float, clock: _Clock, time_scale: float = 1.0
    ) -> None:
        """`window_seconds` pass in the hall, `time_scale` of them in one second of `clock`."""
        self._limits = limits
        """Feed to watts; a feed that is not there is not limited."""
        self._told_seconds, self._window_seconds = window_seconds, window_seconds / time_scale
        self._clock = clock
        self._starts: dict[str, list[Start]] = {feed: [] for feed in limits}
        self._line: list[_Turn] = []

    @asynccontextmanager
    async def one(self, feeds: Sequence[str], watts: int, waiter: Waiter) -> AsyncGenerator[None]:
        """Switch a server on inside the block. Raises NeverFitsError if it could never be."""
        turn = _Turn(frozenset(feeds) & frozenset(self._limits), watts)
        self._seconds_until_room(turn)
        await self._enter(turn, waiter)
        try:
            yield
        finally:
            # From now on it is on, or not known to be: either way it counts for one more window.
            if turn.start is not None:
                turn.start.ended_at = self._clock.now()
            self._serve()

    async def _enter(self, turn: _Turn, waiter: Waiter) -> None:
        self._line.append(turn)
        self._serve()
        told = False
        try:
            while turn.start is None:
                if not told:
                    waiter.tell(self._why(turn))
                    told = True
                await self._rest(turn, waiter)
            if told:
                tell_over(waiter)
        except BaseException:
            self._give_up(turn)
            raise

    async def _rest(self, turn: _Turn, waiter: Waiter) -> None:
        """Until the window has room if it is this one's turn; else until whoever is before it is gone."""
        seconds = self._seconds_until_room(turn) if turn.woken.is_set() else math.inf
        turn.woken.clear()
        if seconds == math.inf:
            await waiter.wait(turn.woken.wait())
        else:
            await waiter.wait(self._clock.sleep(seconds))
            self._serve()

    def _serve(self) -> None:
        """Let in whoever may start now, and wake whoever is the first on all its feeds."""
        taken: set[str] = set()
        for turn in list(self._line):
            if taken.isdisjoint(turn.feeds):
                if self._seconds_until_room(turn) <= 0:
                    self._let_in(turn)
                    continue
                turn.woken.set()
            taken |= turn.feeds

    def _let_in(self, turn: _Turn) -> None:
        self._line.remove(turn)
        turn.start = Start(turn.watts)
        for feed in turn.feeds:
            self._starts[feed].append(turn.start)
        turn.woken.set()

    def _give_up(self, turn: _Turn) -> None:
        if turn.start is None:
            self._line.remove(turn)
        for feed in turn.feeds:
            self._starts[feed] = [start for start in self._starts[feed] if start is not turn.start]
        self._serve()

    def _seconds_until_room(self, turn: _Turn) -> float:
        now, window = self._clock.now(), self._window_seconds
        for feed in turn.feeds:
            self._starts[feed] = [start for start in self._starts[feed] if start.ended_at + window > now]
        rooms = (
            seconds_until_room(self._starts[feed], turn.watts, self._limits[feed], window, now)
            for feed in turn.feeds
        )
        return max(rooms, default=0.0)

    def _why(self, turn: _Turn) -> str:
        shares = ", ".join(f"{self._limits[feed]} W on feed {feed}" for feed in sorted(turn.feeds))
        return (
            f"waits to be switched on: within {self._told_seconds:g} s no more than {shares} may start;"
            f" {self._line.index(turn)} wait before it"
        )
