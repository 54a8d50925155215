"""How long a machine may take, and the word to stop. Asked between steps, so no step is cut in half."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from argosy_metal.redfish import Clock

Tell = Callable[[str], None]
"""Lets people know something about the work in hand while it goes on."""


class StopRequestedError(Exception):
    """The run was told to stop."""


class OutOfTimeError(Exception):
    """The time that the resource was given is over."""


def _silent(_message: str) -> None:
    return


class Leash:
    """Ends a machine's work between two steps: at a deadline, or when someone pulls it.

    It is also what waits for a budget (`argosy_metal.budgets.Waiter`).
    """

    def __init__(
        self,
        clock: Clock,
        seconds: float | None = None,
        stop: asyncio.Event | None = None,
        tell: Tell = _silent,
    ) -> None:
        self._clock = clock
        self._deadline = None if seconds is None else clock.now() + seconds
        self._stop = stop or asyncio.Event()
        self.tell = tell

    def check(self) -> None:
        """Raise StopRequestedError or OutOfTimeError if the work must end here."""
        if self._stop.is_set():
            raise StopRequestedError
        if self._deadline is not None and self._clock.now() >= self._deadline:
            raise OutOfTimeError

    async def pause(self, seconds: float) -> None:
        """Sleep; wake and raise early when told to stop."""
        self.check()
        await self._or_stop(self._clock.sleep(seconds))
        self.check()

    async def wait(self, something: Awaitable[object]) -> None:
        """Come back when it has come. Raises StopRequestedError early; the time does not count as used up.

        For what is waited for because others are before us: how long that takes says nothing of this machine.
        """
        started = self._clock.now()
        try:
            await self._or_stop(something)
        finally:
            if self._deadline is not None:
                self._deadline += self._clock.now() - started
        if self._stop.is_set():
            raise StopRequestedError

    async def _or_stop(self, something: Awaitable[object]) -> None:
        waiting = asyncio.ensure_future(something)
        stopper = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((waiting, stopper), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
        finally:
            waiting.cancel()
            stopper.cancel()
