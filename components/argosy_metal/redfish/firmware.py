"""The firmware of a server: versions by component, updates that the BMC fetches itself, and their tasks.

An update is started once and never again while any is running: whoever comes after a crash finds its task, or
sees the new version. Sources: DSP8010 schemas UpdateService, SoftwareInventory, Task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcMissingError, BmcRefusedError
from argosy_metal.redfish.members import member_links, members
from argosy_metal.redfish.messages import (
    Json,
    Redact,
    Response,
    json_at,
    links_at,
    number_at,
    object_at,
    raw_text_at,
    said_in,
    text_at,
    texts_at,
)
from argosy_metal.redfish.urls import local_path

INVENTORY_SECONDS = 300.0
"""DGX H100 takes two to three minutes for its inventory (infra-controller issue 1584)."""
_ACTION = "#UpdateService.SimpleUpdate"
_HTTPS = "HTTPS"
_UPDATE_SERVICE = "/redfish/v1/UpdateService"
_TASK_SERVICE = "/redfish/v1/TaskService"
_RUNNING = frozenset({"Starting", "Running", "Stopping", "Service", "Interrupted", "Cancelling"})
_WAITING = frozenset({"New", "Pending", "Suspended"})
_FAILED = frozenset({"Exception", "Killed", "Cancelled"})


@dataclass(frozen=True)
class Component:
    """One member of the inventory."""

    name: str
    """Its `Id`."""
    path: str
    version: str
    """Empty if the BMC does not tell."""
    updateable: bool
    health: str
    """`OK`, `Warning`, `Critical`; empty if the BMC does not tell."""
    related: str = ""
    """The system, manager or part whose firmware it is; empty if the BMC does not tell."""


@dataclass(frozen=True)
class UpdateTask:
    """One task of the BMC, as far as it has come."""

    path: str
    name: str
    state: str
    """Redfish's `TaskState`."""
    percent: int | None
    image_uri: str
    """Of an update whose request the task shows; empty for others."""
    is_update: bool
    said: str
    """The task's messages, on one line."""

    @property
    def is_running(self) -> bool:
        """Something is being done right now."""
        return self.state in _RUNNING

    @property
    def is_waiting(self) -> bool:
        """It has not begun."""
        return self.state in _WAITING

    @property
    def has_failed(self) -> bool:
        """It came to nothing."""
        return self.state in _FAILED


class Firmware:
    """The update service of one BMC."""

    def __init__(self, client: RedfishClient) -> None:
        self._client = client

    async def inventory(self) -> Mapping[str, Component]:
        """Every component by name. Takes minutes on some BMCs."""
        operation = "read the firmware inventory"
        collection = text_at(await self._service(operation), "FirmwareInventory", "@odata.id")
        if collection is None:
            raise BmcRefusedError(self._client.host, operation, "this BMC shows no firmware inventory")
        paths = await member_links(self._client, collection, operation, total_seconds=INVENTORY_SECONDS)
        found = [await self.component(path) for path in paths]
        return {component.name: component for component in found}

    async def component(self, path: str) -> Component:
        """One component as it is now."""
        operation = "read a firmware version"
        body = (await self._client.get(path, operation, total_seconds=INVENTORY_SECONDS)).body
        return Component(
            name=text_at(body, "Id") or path.rpartition("/")[2],
            path=path,
            version=(text_at(body, "Version") or "").strip(),
            updateable=body.get("Updateable") is not False,
            health=text_at(body, "Status", "Health") or "",
            related=next(iter(links_at(body, "RelatedItem")), ""),
        )

    async def start(self, image_uri: str, component: Component) -> str | None:
        """Let the BMC fetch the image and flash one component; where to follow it, if the BMC says.

        Sent once. Raises BmcUnreachableError with `outcome_unknown` if the answer is lost: look at `tasks`.
        """
        operation = f"start the update of {component.name}"
        service = await self._service(operation)
        target = text_at(service, "Actions", _ACTION, "target")
        if target is None:
            raise BmcRefusedError(self._client.host, operation, "this BMC offers no SimpleUpdate")
        body: Json = {"ImageURI": image_uri, "Targets": [self._target(component)]}
        # The URI says it as well, and a BMC that lists other protocols refuses this one.
        if _HTTPS in texts_at(service, "Actions", _ACTION, "TransferProtocol@Redfish.AllowableValues"):
            body["TransferProtocol"] = _HTTPS
        return _place(await self._client.post(target, body, operation, follow=False))

    async def tasks(self) -> tuple[UpdateTask, ...]:
        """Every task that the BMC still knows, in its own order."""
        operation = "look for running tasks"
        service = text_at(await self._client.root(), "Tasks", "@odata.id") or _TASK_SERVICE
        try:
            body = (await self._client.get(service, operation)).body
        except BmcMissingError:
            return ()
        collection = text_at(body, "Tasks", "@odata.id")
        if collection is None:
            return ()
        try:
            found = await members(self._client, collection, operation)
        except BmcMissingError:
            if not await self._exists(collection, operation):
                # sushy-emulator names a collection that it does not have.
                return ()
            # A BMC forgets old tasks while they are being read.
            found = await members(self._client, collection, operation)
        return tuple(_task(path, 200, body, self._client.redact) for path, body in found)

    async def _exists(self, path: str, operation: str) -> bool:
        try:
            await self._client.get(path, operation)
        except BmcMissingError:
            return False
        return True

    async def task(self, path: str) -> UpdateTask | None:
        """One task as it is now; None if the BMC knows it no more. Takes a task's path or its monitor's."""
        try:
            answer = await self._client.get(path, "follow the task")
        except BmcMissingError:
            return None
        except BmcRefusedError as refused:
            # A monitor ends with the operation's own answer, which may be a refusal.
            return UpdateTask(path, "", "Exception", None, "", is_update=True, said=refused.found)
        return _task(path, answer.status, answer.body, self._client.redact)

    def _target(self, component: Component) -> str:
        """What an update of the component names: itself, or on some BMCs what its firmware runs on."""
        return (
            component.related
            if self._client.quirks.updates_name_related and component.related
            else component.path
        )

    async def _service(self, operation: str) -> Json:
        # Some service roots lack the link until the BMC is restarted (AMI).
        path = text_at(await self._client.root(), "UpdateService", "@odata.id") or _UPDATE_SERVICE
        return (await self._client.get(path, operation)).body


def _place(answer: Response) -> str | None:
    """The task rather than its monitor, where the answer names it: a monitor is gone after the first look."""
    link = text_at(answer.body, "@odata.id") or answer.headers.get("Location")
    return local_path(link) if link else None


def _task(path: str, status: int, body: Json, redact: Redact) -> UpdateTask:
    # A monitor answers 202 as long as the operation goes on, and with the operation's own answer afterwards.
    state = text_at(body, "TaskState") or ("Running" if status == 202 else "Completed")
    percent = number_at(body, "PercentComplete")
    payload = object_at(body, "Payload")
    image_uri = raw_text_at(json_at(payload, "JsonBody"), "ImageURI") or ""
    name = text_at(body, "Name") or ""
    about = f"{name} {text_at(payload, 'TargetUri') or ''}".lower()
    return UpdateTask(
        path=path,
        name=name,
        state=state,
        percent=None if percent is None else round(min(max(percent, 0), 100)),
        image_uri=image_uri,
        is_update=bool(image_uri) or "update" in about or "firmware" in about,
        said=said_in(body, redact),
    )
