"""The tasks of one simulated BMC. They progress with simulated time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from argosy_metal.simulator.clock import SimulatedClock

_KEPT = 50


@dataclass(frozen=True)
class Task:
    """One accepted operation."""

    id: str
    name: str
    started: float
    ends: float
    """Simulated seconds."""


class Tasks:
    """All tasks that the BMC still remembers."""

    def __init__(self, clock: SimulatedClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._count = 0
        self._tasks: dict[str, Task] = {}

    def start(self, name: str) -> Task:
        """Accept an operation."""
        self._count += 1
        now = self._clock.now()
        task = Task(str(self._count), name, now, now + self._seconds)
        self._tasks[task.id] = task
        if len(self._tasks) > _KEPT:
            del self._tasks[next(iter(self._tasks))]
        return task

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
        left = self._clock.real_seconds(task.ends - self._clock.now())
        # A header holds whole seconds; 0 lets fast clocks be fast.
        return str(math.floor(max(left, 0)))
