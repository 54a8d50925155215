"""How long a machine may take, and the word to stop. Asked between steps, so no step is cut in half."""

from __future__ import annotations

import asyncio

from argosy_metal.redfish import Clock


class StopRequestedError(Exception):
    """The run was told to stop."""


class OutOfTimeError(Exception):
    """The time that the resource was given is over."""


class Leash:
    """Ends a machine's work between two steps: at a deadline, or when someone pulls it."""

    def __init__(self, clock: Clock, seconds: float | None = None, stop: asyncio.Event | None = None) -> None:
        self._clock = clock
        self._deadline = None if seconds is None else clock.now() + seconds
        self._stop = stop or asyncio.Event()

    def check(self) -> None:
        """Raise StopRequestedError or OutOfTimeError if the work must end here."""
        if self._stop.is_set():
            raise StopRequestedError
        if self._deadline is not None and self._clock.now() >= self._deadline:
            raise OutOfTimeError

    async def pause(self, seconds: float) -> None:
        """Sleep; wake and raise early when told to stop."""
        self.check()
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        stopper = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((sleeper, stopper), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            stopper.cancel()
        self.check()
