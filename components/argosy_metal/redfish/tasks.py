"""Follow an accepted operation (202) to its end.

A Location may lead to a task monitor (202 until the end, then the operation's own answer) or, against the
standard, to the Task itself (200 with a TaskState). Both are followed. Source: DSP0266 "Asynchronous
operations".
"""

from __future__ import annotations

from typing import Protocol

from argosy_metal.redfish.errors import BmcMissingError, BmcTaskError, TaskUnfinishedError
from argosy_metal.redfish.messages import Response, as_list, as_object, text_at
from argosy_metal.redfish.settings import Clock, Patience
from argosy_metal.redfish.urls import local_path

_GOING_ON = frozenset(
    {"New", "Starting", "Running", "Pending", "Service", "Stopping", "Suspended", "Interrupted"}
)
_FAILED = frozenset({"Exception", "Killed", "Cancelled", "Cancelling"})
_SHORTEST_POLL_SECONDS = 0.05


class Reader(Protocol):
    """What following a task needs of a client."""

    @property
    def host(self) -> str:
        """For messages."""
        ...

    async def get(self, path: str, operation: str | None = None) -> Response:
        """Read a resource."""
        ...


async def follow_task(
    reader: Reader, accepted: Response, operation: str, patience: Patience, clock: Clock
) -> Response:
    """Poll until the operation has ended, and return the last answer.

    Without a place to look (iLO 5 answers 202 with nothing), or when the BMC has already forgotten the task,
    the answer so far is returned: the caller confirms by observing. Raises BmcTaskError if the operation
    failed, TaskUnfinishedError after `patience.task_seconds`.
    """
    path = _monitor(accepted)
    answer, deadline = accepted, clock.now() + patience.task_seconds
    while path is not None and _goes_on(answer):
        if clock.now() >= deadline:
            raise TaskUnfinishedError(reader.host, operation, f"not done after {patience.task_seconds:g} s")
        wait = patience.poll_seconds if answer.retry_after is None else answer.retry_after
        await clock.sleep(min(max(wait, _SHORTEST_POLL_SECONDS), patience.longest_wait_seconds))
        try:
            answer = await reader.get(path, operation)
        except BmcMissingError:
            return answer
    _raise_if_failed(reader.host, operation, answer)
    return answer


def _monitor(accepted: Response) -> str | None:
    link = (
        accepted.headers.get("Location")
        or text_at(accepted.body, "TaskMonitor")
        or text_at(accepted.body, "@odata.id")
    )
    return local_path(link) if link else None


def _goes_on(answer: Response) -> bool:
    return answer.status == 202 or text_at(answer.body, "TaskState") in _GOING_ON


def _raise_if_failed(host: str, operation: str, answer: Response) -> None:
    state = text_at(answer.body, "TaskState")
    if state in _FAILED or (state and text_at(answer.body, "TaskStatus") == "Critical"):
        entries = [as_object(entry) for entry in as_list(answer.body.get("Messages"))]
        said = "; ".join(filter(None, (text_at(entry, "Message") for entry in entries)))
        raise BmcTaskError(host, operation, f"the task ended as {state}" + (f": {said}" if said else ""))
