"""What a simulated BMC has to tell by itself: changes of power, tasks that begin and end.

Source: DSP0266 "Eventing", "Server-sent events"; message registries ResourceEvent and TaskEvent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from argosy_metal.simulator.tasks import Tasks

_TASKS = "/redfish/v1/TaskService/Tasks"
_KEPT = 100
_POWER: Mapping[str, tuple[str, str]] = {
    "On": ("ResourceEvent.1.4.ResourcePoweredOn", "The resource '{}' has powered on."),
    "Off": ("ResourceEvent.1.4.ResourcePoweredOff", "The resource '{}' has powered off."),
    "PoweringOn": ("ResourceEvent.1.4.ResourcePoweringOn", "The resource '{}' is powering on."),
    "PoweringOff": ("ResourceEvent.1.4.ResourcePoweringOff", "The resource '{}' is powering off."),
}
_STARTED = ("TaskEvent.1.0.TaskStarted", "The task with Id '{}' has started.")
_COMPLETED = ("TaskEvent.1.0.TaskCompletedOK", "The task with Id '{}' has completed.")
_ABORTED = ("TaskEvent.1.0.TaskAborted", "The task with Id '{}' has completed with errors.")


@dataclass(frozen=True)
class BmcEvent:
    """One thing that happened."""

    number: int
    at: float
    """Simulated seconds."""
    message_id: str
    message: str
    argument: str
    origin: str
    """The resource that it happened to."""


class EventLog:
    """The last events of one BMC, numbered from 1."""

    def __init__(self, power: str) -> None:
        self._events: deque[BmcEvent] = deque(maxlen=_KEPT)
        self._count = 0
        self._power = power
        self._tasks: dict[str, bool] = {}
        """Whether each known task still runs."""

    @property
    def last(self) -> int:
        """The number of the last event; 0 if there was none."""
        return self._count

    def since(self, number: int) -> tuple[BmcEvent, ...]:
        """Every event after that number that is still remembered."""
        return tuple(event for event in self._events if event.number > number)

    def look(self, at: float, power: str, system: str, tasks: Tasks) -> None:
        """Note what has changed since the last look."""
        if power != self._power:
            self._power = power
            self._note(at, _POWER[power], system, system)
        before, self._tasks = self._tasks, {task.id: tasks.runs(task) for task in tasks.all()}
        for task in tasks.all():
            if task.id not in before:
                self._note(at, _STARTED, task.id, f"{_TASKS}/{task.id}")
            if before.get(task.id, True) and not tasks.runs(task):
                self._note(at, _ABORTED if task.failed else _COMPLETED, task.id, f"{_TASKS}/{task.id}")

    def _note(self, at: float, message: tuple[str, str], argument: str, origin: str) -> None:
        self._count += 1
        message_id, text = message
        self._events.append(BmcEvent(self._count, at, message_id, text.format(argument), argument, origin))
