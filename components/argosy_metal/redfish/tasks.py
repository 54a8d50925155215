"""Follow an accepted operation to its end, shown as a task or as a job.

A Location may lead to a task monitor (202 until the end, then the operation's own answer), against the
standard to the Task itself (200 with a TaskState), or to a job (Dell: `…/Jobs/JID_…`, with a JobState, also
after a 200). All are followed. Sources: DSP0266 "Asynchronous operations", DSP8010 schemas Task and Job;
Dell's further states from its schema DellJob.
"""

from __future__ import annotations

from typing import Protocol

from argosy_metal.redfish.errors import BmcMissingError, BmcTaskError, TaskUnfinishedError
from argosy_metal.redfish.messages import Response, messages_of, said_in, text_at
from argosy_metal.redfish.settings import Clock, Patience
from argosy_metal.redfish.urls import local_path

_GOING_ON = frozenset(
    {
        *("New", "Starting", "Running", "Pending", "Service", "Stopping", "Suspended", "Interrupted"),
        *(
            "Continue",
            "Validating",
            "Downloading",
            "Downloaded",
            "Scheduling",
            "ReadyForExecution",
            "Waiting",
        ),
    }
)
_FAILED = frozenset(
    {
        *("Exception", "Killed", "Cancelled", "Cancelling", "Invalid"),
        *("Failed", "CompletedWithErrors", "RebootFailed"),
    }
)
# Whatever else there is, such as `Scheduled` and `RebootPending`, waits for us and not we for it.
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

    def redact(self, text: str) -> str:
        """`text` without our secrets."""
        ...


def place_of(answer: Response) -> str | None:
    """Where an accepted operation is followed; None if the answer is no acceptance, or does not say.

    iLO 5 answers 202 with nothing. A 201 has created something, and its Location is that.
    """
    link = answer.headers.get("Location")
    if answer.status == 202:
        link = link or text_at(answer.body, "TaskMonitor") or text_at(answer.body, "@odata.id")
    elif answer.status != 200 or not link or "/Jobs/" not in link:
        return None
    return local_path(link) if link else None


async def follow_task(
    reader: Reader, accepted: Response, operation: str, patience: Patience, clock: Clock
) -> Response:
    """Poll until the operation has ended, and return the last answer.

    When the BMC has already forgotten the task, the answer so far is returned: the caller confirms by
    observing. Raises BmcTaskError if the operation failed, TaskUnfinishedError after `patience.task_seconds`.
    """
    path = place_of(accepted)
    answer, deadline, looked = accepted, clock.now() + patience.task_seconds, False
    while path is not None and (not looked or _goes_on(answer)):
        if clock.now() >= deadline:
            raise TaskUnfinishedError(reader.host, operation, f"not done after {patience.task_seconds:g} s")
        wait = patience.poll_seconds if answer.retry_after is None else answer.retry_after
        await clock.sleep(min(max(wait, _SHORTEST_POLL_SECONDS), patience.longest_wait_seconds))
        try:
            answer, looked = await reader.get(path, operation), True
        except BmcMissingError:
            return answer
    _raise_if_failed(reader, operation, answer)
    return answer


def _goes_on(answer: Response) -> bool:
    return answer.status == 202 or _state(answer) in _GOING_ON


def _state(answer: Response) -> str | None:
    return text_at(answer.body, "TaskState") or text_at(answer.body, "JobState")


def _raise_if_failed(reader: Reader, operation: str, answer: Response) -> None:
    state = _state(answer)
    health = text_at(answer.body, "TaskStatus") or text_at(answer.body, "JobStatus")
    if state is None or (state not in _FAILED and health != "Critical"):
        return
    kind = "task" if "TaskState" in answer.body else "job"
    # Dell says in `Message` what others say in `Messages`.
    (job,) = messages_of([answer.body], reader.redact)
    said = "; ".join(filter(None, (said_in(answer.body, reader.redact), job.text)))
    raise BmcTaskError(reader.host, operation, f"the {kind} ended as {state}" + (f": {said}" if said else ""))
