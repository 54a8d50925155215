"""The tasks of one simulated BMC. They progress with simulated time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from argosy_metal.simulator.clock import SimulatedClock

_KEPT = 50


@dataclass(frozen=True)
class Payload:
    """A request that was accepted, as the task shows it."""

    target: str
    body: str
    """JSON."""


@dataclass(frozen=True)
class Task:
    """One accepted operation."""

    id: str
    name: str
    started: float
    ends: float
    """Simulated seconds; infinite for one that is stuck."""
    failed: bool = False
    """Whether it ends in `Exception`."""
    payload: Payload | None = None
    """The request that it carries out."""


class Tasks:
    """All tasks that the BMC still remembers."""

    def __init__(self, clock: SimulatedClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._count = 0
        self._tasks: dict[str, Task] = {}
        self.fate: Literal["done", "stuck", "failed"] = "done"
        """What becomes of tasks that start now; a fault changes it for one request."""

    def start(self, name: str, seconds: float | None = None, payload: Payload | None = None) -> Task:
        """Accept an operation. None: it takes as long as most."""
        self._count += 1
        now = self._clock.now()
        ends = math.inf if self.fate == "stuck" else now + (self._seconds if seconds is None else seconds)
        task = Task(str(self._count), name, now, ends, self.fate == "failed", payload)
        self._tasks[task.id] = task
        if len(self._tasks) > _KEPT:
            del self._tasks[next(iter(self._tasks))]
        return task

    def fail(self, task_id: str) -> None:
        """An operation was broken off before its end, now or since somebody last looked."""
        task = self._tasks.get(task_id)
        if task is not None:
            self._tasks[task_id] = replace(task, ends=min(task.ends, self._clock.now()), failed=True)

    def forget(self) -> None:
        """Lose all tasks, as a BMC without power does."""
        self._tasks.clear()

    def find(self, task_id: str) -> Task | None:
        """The task of that id."""
        return self._tasks.get(task_id)

    def all(self) -> tuple[Task, ...]:
        """In the order in which they were accepted."""
        return tuple(self._tasks.values())

    def runs(self, task: Task) -> bool:
        """True until its time is over."""
        return self._clock.now() < task.ends

    def percent(self, task: Task) -> int:
        """How much of it is done."""
        if not self.runs(task):
            return 100
        return int(100 * (self._clock.now() - task.started) / (task.ends - task.started))

    def retry_after(self, task: Task) -> str:
        """Real seconds until it is worth looking again, as a header value."""
        # One that is stuck looks like any other.
        ends = min(task.ends, self._clock.now() + self._seconds)
        left = self._clock.real_seconds(ends - self._clock.now())
        # A header holds whole seconds; 0 lets fast clocks be fast.
        return str(math.floor(max(left, 0)))
