"""An event loop in which nobody waits: when all are asleep, the simulated clock moves to whoever wakes first.

Everything in it happens in the same order in every run, as long as no thread and no socket is used.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from argosy_metal.simulator import ManualClock

_T = TypeVar("_T")


class _WarpedSelector(selectors.DefaultSelector):  # pyright: ignore[reportUntypedBaseClass, reportGeneralTypeIssues]
    """Moves the clock instead of waiting."""

    clock: ManualClock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never come")
        self.clock.advance(max(timeout, 0.0))
        return []


class _WarpedLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: ManualClock) -> None:
        selector = _WarpedSelector()
        selector.clock = clock
        super().__init__(selector)
        self._clock = clock
        # A killed run leaves tasks whose errors nobody asks for.
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        return self._clock.now()


class LoopClock:
    """The provider's clock: the same time as the hall's."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_warped(clock: ManualClock, work: Coroutine[Any, Any, _T]) -> _T:
    """Do the work in a loop of its own; whatever is left of it then is cancelled."""
    with asyncio.Runner(loop_factory=lambda: _WarpedLoop(clock)) as runner:
        return runner.run(work)


async def at_once(work: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
    """Stands for `asyncio.to_thread`: the same work, in this thread, after everybody else had a turn."""
    await asyncio.sleep(0)
    return work(*args, **kwargs)
