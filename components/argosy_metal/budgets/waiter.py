"""Who waits for a budget."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol


class Waiter(Protocol):
    """One machine's work: it may be told to stop while it waits, and people are told what it waits for."""

    async def wait(self, something: Awaitable[object]) -> None:
        """Come back when `something` has come. The time does not count as the machine's own.

        Raises what ends the work early; `something` is cancelled then.
        """
        ...

    def tell(self, message: str, /) -> None:
        """Let people know why nothing happens."""
        ...


def tell_over(waiter: Waiter) -> None:
    """Let people know that the wait is over: the engine shows the last message until another one comes.

    It leaves blank messages out, so that none takes a message away.
    """
    waiter.tell("waits no longer")
