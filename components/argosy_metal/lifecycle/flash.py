"""One component's flash: started once, followed to its end, never cut.

Once it is sent, neither a stop nor a deadline ends the wait: the BMC goes on anyway, and whoever looks away
may reset the server in the middle of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.firmware_decide import FirmwareImage, running_update, sent_since, waiting_update
from argosy_metal.lifecycle.firmware_notes import FirmwareNotes
from argosy_metal.redfish import (
    BmcAuthError,
    BmcInternalError,
    BmcTrustError,
    BmcUnreachableError,
    RedfishError,
    WrongServerError,
)
from argosy_metal.redfish.firmware import Component, Firmware, UpdateTask

_T = TypeVar("_T")
_FINAL = (BmcAuthError, BmcTrustError, WrongServerError)


class Flash:
    """Brings one component to one version. Raises MachineNotReadyError, RedfishError, or the journal's."""

    def __init__(self, access: ServerAccess, firmware: Firmware, notes: FirmwareNotes) -> None:
        self._access = access
        self._firmware = firmware
        self._notes = notes

    async def is_under_way(self) -> bool:
        """Whether an update runs on this BMC, whoever has started it."""
        return running_update(await self._firmware.tasks()) is not None

    async def finish_running(self) -> None:
        """Wait for every update that runs, whoever has started it."""
        while (task := running_update(await self._patiently(self._firmware.tasks))) is not None:
            await self._follow(task.path)

    async def bring(self, component: Component, image: FirmwareImage) -> None:
        """Flash it, unless an interrupted run has done so; note whether the version shows or is staged."""
        await self._assert_none_waits()
        name = component.name
        before = self._notes.sent(name, image)
        task = None if before is None else sent_since(await self._firmware.tasks(), image.url, before)
        if task is None or task.has_failed:
            task = await self._send(component, image)
        await self._conclude(component, image, task)

    async def _assert_none_waits(self) -> None:
        waiting = waiting_update(await self._firmware.tasks())
        if waiting is not None:
            raise self._access.not_ready(
                f"an update waits for a reset already ({waiting.path})",
                f"reset the server, or delete that task on its BMC, then {GO_ON}",
            )

    async def _send(self, component: Component, image: FirmwareImage) -> UpdateTask | None:
        """Start it once and follow it; the task as it ended, or None if the BMC shows none."""
        access = self._access
        access.leash.check()
        before = [task.path for task in await self._firmware.tasks()]
        await access.journal.assert_may_act()
        await self._notes.note_sent(component.name, image, before)
        try:
            place = await self._firmware.start(image.url, component)
        except (BmcUnreachableError, BmcInternalError) as error:
            if isinstance(error, BmcUnreachableError) and not error.outcome_unknown:
                raise
            place = await self._find(image.url, before, error)
        return await self._follow(place) if place is not None else None

    async def _find(self, url: str, before: list[str], error: RedfishError) -> str:
        """The task of an update whose answer was lost; it is never sent again by the same run."""
        started = self._access.clock.now()
        while self._access.clock.now() - started <= self._access.limits.media_seconds:
            await self._pause()
            tasks = await self._patiently(self._firmware.tasks)
            found = sent_since(tasks, url, before) or running_update(tasks)
            if found is not None:
                return found.path
        raise error

    async def _follow(self, place: str) -> UpdateTask | None:
        """Look at a task until it has ended; None once the BMC knows it no more."""
        started = self._access.clock.now()
        while True:
            await self._pause()
            task = await self._patiently(lambda: self._firmware.task(place))
            if task is None or not (task.is_running or task.is_waiting):
                return task
            seconds = self._access.clock.now() - started
            if task.is_waiting and seconds > self._access.limits.media_seconds:
                return task
            if seconds > self._access.limits.flash_seconds:
                raise self._access.not_ready(
                    f"the update {place} still runs after {seconds:.0f} s; it was not cut",
                    f"look at it on the BMC, then {GO_ON}",
                )

    async def _conclude(self, component: Component, image: FirmwareImage, task: UpdateTask | None) -> None:
        name = component.name
        if task is not None and task.has_failed:
            await self._notes.note_failed(name, image.version, task.said or task.state)
            raise self._access.not_ready(
                f"the BMC gave up on {name} {image.version}: {task.said or task.state}",
                "check that the image is meant for this server and component; `pulumi up` tries again",
            )
        now = await self._patiently(lambda: self._firmware.component(component.path))
        if now.version == image.version:
            await self._notes.note_in_effect(name, image.version)
        elif task is None:
            # No task tells how it ended, so it is not taken for done.
            raise self._access.not_ready(
                f"the BMC shows neither the update of {name} nor version {image.version}",
                f"read the BMC's event log, then {GO_ON}",
            )
        else:
            await self._notes.note_staged(name, image.version)

    async def _patiently(self, look: Callable[[], Awaitable[_T]]) -> _T:
        """Look again and again: a BMC that is flashed restarts, and is silent for a while."""
        started = self._access.clock.now()
        while True:
            try:
                return await look()
            except _FINAL:
                raise
            except RedfishError:
                if self._access.clock.now() - started > self._access.limits.flash_silence_seconds:
                    raise
                await self._pause()

    async def _pause(self) -> None:
        await self._access.clock.sleep(self._access.limits.poll_seconds)
