"""So many at once, in the order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from argosy_metal.budgets.waiter import Waiter, tell_over


class Places:
    """A budget that is counted: machines in flight, readers of the image, firmware updates.

    Nobody polls: who leaves hands the place to who came first.
    """

    def __init__(self, what: str, limit: int) -> None:
        self.what = what
        """What is counted, as a message names it: `machines at work in the hall`."""
        self.limit = limit
        self.taken = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self, waiter: Waiter, *, must_wait: bool = True) -> AsyncGenerator[None]:
        """Hold a place for as long as the block runs.

        With `must_wait=False` it is taken at once, also beyond the limit: for what is under way already,
        which others must count but nobody can hold back.
        """
        if must_wait:
            await self._enter(waiter)
        else:
            self.taken += 1
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, waiter: Waiter) -> None:
        if self.taken < self.limit and not self._line:
            self.taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        waiter.tell(f"waits: there are {self.limit} {self.what} already; {len(self._line)} wait before it")
        self._line.append(turn)
        try:
            await waiter.wait(asyncio.shield(turn))
        except BaseException:
            self._give_up(turn)
            raise
        tell_over(waiter)

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        """A place that was handed over in the same moment goes on to the next."""
        if turn.done():
            self._leave()
        else:
            self._line.remove(turn)
            turn.cancel()

    def _leave(self) -> None:
        self.taken -= 1
        while self._line and self.taken < self.limit:
            self.taken += 1
            self._line.popleft().set_result(None)
