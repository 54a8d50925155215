"""Erasing one drive by its own sanitising, and what a BMC says of how that went.

Only a task proves it: an answer without one says that a request was heard. Source: DSP8010 schemas Drive
(`SecureErase`, `SanitizationType`, `Operations`), Task and Job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcMissingError, BmcRefusedError
from argosy_metal.redfish.messages import Json, json_at, said_in, text_at
from argosy_metal.redfish.storage import Drive
from argosy_metal.redfish.tasks import place_of

METHODS = ("CryptographicErase", "BlockErase", "Overwrite")
"""Redfish's `SanitizationType`, the quickest first; any of them makes what was there unreadable."""
_ENDED_WELL = frozenset({"Completed"})
_ENDED_BADLY = frozenset(
    {
        *("Exception", "Killed", "Cancelled", "Cancelling", "Invalid"),
        *("Failed", "CompletedWithErrors", "RebootFailed"),
    }
)


class EraseState(StrEnum):
    """How an erase stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The BMC knows no such task any more: nothing is proven."""


@dataclass(frozen=True)
class EraseTask:
    """An erase that was begun."""

    drive: str
    """Serial number."""
    method: str
    task: str
    """Path of the task or job."""
    started: str
    """Its StartTime, by the BMC's clock: a BMC that restarts counts its tasks from the beginning again."""

    def values(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)

    @staticmethod
    def of(values: Mapping[str, Any]) -> EraseTask:
        """What `values` gave."""
        return EraseTask(
            str(values["drive"]), str(values["method"]), str(values["task"]), str(values["started"])
        )


@dataclass(frozen=True)
class EraseReport:
    """What the BMC says of an erase now."""

    state: EraseState
    ended: str = ""
    """EndTime, by the BMC's clock; empty if it does not tell."""
    said: str = ""
    """Its messages, where it failed."""


async def start_erase(client: RedfishClient, drive: Drive, method: str) -> EraseTask:
    """Begin to erase a drive. Everything on it is lost.

    Raises BmcRefusedError if the drive cannot do it, or if the BMC names no task, and what a POST raises.
    """
    operation = f"erase drive {drive.label} ({method})"
    if method not in drive.erases or not drive.erase_target:
        offered = ", ".join(drive.erases) or "nothing"
        raise BmcRefusedError(client.host, operation, f"the drive offers {offered}")
    answer = await client.post(drive.erase_target, {"SanitizationType": method}, operation, follow=False)
    body = answer.body
    path = text_at(body, "@odata.id") if text_at(body, "TaskState") else None
    if path is None and (place := place_of(answer)) is not None:
        body = (await client.get(place, operation)).body
        path = text_at(body, "@odata.id")
    if path is None:
        raise BmcRefusedError(
            client.host, operation, "it was answered without a task, so nothing would prove that it was done"
        )
    return EraseTask(drive.serial, method, path, text_at(body, "StartTime") or "")


async def running_erase(client: RedfishClient, drive: Drive) -> EraseTask | None:
    """An erase that runs on the drive, whoever began it; None if none does, or if its method is not told."""
    for path in drive.tasks:
        try:
            body = (await client.get(path, f"look at what runs on drive {drive.label}")).body
        except BmcMissingError:
            continue
        method = _method_of(body)
        if text_at(body, "Payload", "TargetUri") == drive.erase_target and method:
            return EraseTask(drive.serial, method, path, text_at(body, "StartTime") or "")
    return None


async def look_at_erase(client: RedfishClient, begun: EraseTask) -> EraseReport:
    """How an erase stands. Raises what a GET raises, but for a task that is not known."""
    try:
        body = (await client.get(begun.task, "look at the erase of a drive")).body
    except BmcMissingError:
        return EraseReport(EraseState.UNKNOWN)
    if (text_at(body, "StartTime") or "") != begun.started:
        return EraseReport(EraseState.UNKNOWN)
    state = text_at(body, "TaskState") or text_at(body, "JobState") or ""
    health = text_at(body, "TaskStatus") or text_at(body, "JobStatus") or "OK"
    ended = text_at(body, "EndTime") or ""
    if state in _ENDED_BADLY or (state in _ENDED_WELL and health != "OK"):
        return EraseReport(
            EraseState.FAILED, ended, said_in(body, client.redact) or f"the task ended as {state}"
        )
    return EraseReport(EraseState.DONE if state in _ENDED_WELL else EraseState.RUNNING, ended)


def _method_of(task: Json) -> str | None:
    method = text_at(json_at(task, "Payload", "JsonBody"), "SanitizationType")
    return method if method in METHODS else None
