"""The processes that the language host starts: none of them outlives it. Standard library only."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

TETHER = Path(__file__).resolve().with_name("tether.py")
# What a provider gets for the step in hand before it is killed.
GRACE_SECONDS = 5.0


class Children:
    """The processes that this host has started and that still run."""

    def __init__(self) -> None:
        self._running: set[Process] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def started(
        self, command: Sequence[str], *, death_signal: signal.Signals, **options: Any
    ) -> AsyncGenerator[Process]:
        """A child that ends with the block, and by `death_signal` if this host is killed."""
        # asyncio forks in this, the main, thread: the kernel watches the thread that forked, not the process.
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(death_signal))]
        process = await asyncio.create_subprocess_exec(
            *tether, *command, stdin=asyncio.subprocess.DEVNULL, **options
        )
        self._running.add(process)
        try:
            yield process
        finally:
            self._running.discard(process)
            if process.returncode is None:
                # In a task of its own, since the call that held the child may be cancelled at this moment.
                ending = asyncio.ensure_future(_end(process))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)

    def interrupt(self) -> None:
        """Ask every child to end."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def ended(self) -> None:
        """Wait until every child has ended."""
        await asyncio.gather(*(process.wait() for process in self._running), *self._ending)


async def _end(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            process.kill()
