"""A clock that stands still until it is advanced, and wakes whoever slept so long."""

import asyncio
import itertools

from argosy_metal.lifecycle import Leash


class SteppedClock:
    """For tests in which several wait at once."""

    def __init__(self) -> None:
        self.time = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, next(self._order), turn))
        await turn

    async def settle(self) -> None:
        """Let everybody do what can be done without time."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time pass, one sleeper after another."""
        await self.settle()
        until = self.time + seconds
        while due := sorted(entry for entry in self._sleepers if entry[0] <= until and not entry[2].done()):
            self.time = max(self.time, due[0][0])
            due[0][2].set_result(None)
            self._sleepers.remove(due[0])
            await self.settle()
        self.time = until
        self._sleepers = [entry for entry in self._sleepers if not entry[2].done()]


class Line:
    """Whoever waits, with all that was told meanwhile."""

    def __init__(self, clock: SteppedClock) -> None:
        self.stop = asyncio.Event()
        self.told: list[str] = []
        self.leash = Leash(clock, None, self.stop, self.told.append)
