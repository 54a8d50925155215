"""Brings the firmware of one claimed server to its baseline, one component after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from argosy_metal.budgets import Places
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.activation import Activation
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.firmware_decide import FirmwareImage, faults_in, in_order
from argosy_metal.lifecycle.firmware_images import FirmwareImages, WrongImageError
from argosy_metal.lifecycle.firmware_inventory import Inventories
from argosy_metal.lifecycle.firmware_notes import FirmwareNotes
from argosy_metal.lifecycle.flash import Flash
from argosy_metal.lifecycle.self_test import SelfTest
from argosy_metal.redfish.firmware import Component, Firmware


@dataclass(frozen=True)
class WantedFirmware:
    """What the components are to run."""

    components: Mapping[str, FirmwareImage]
    allow_downgrade: bool = False
    now: bool = False
    """Reset the server so that staged versions take effect; else the next reset for whatever reason does."""
    allow_reboot: bool = False
    """Reset it even if it runs a machine."""


@dataclass(frozen=True)
class SeenFirmware:
    """What a look showed."""

    versions: Mapping[str, str]
    """In effect, of every component."""
    staged: Mapping[str, str]
    """Flashed, and waiting for a reset."""
    history: Sequence[Mapping[str, str]]
    """The last updates, oldest first."""


@dataclass(frozen=True)
class FirmwareHands:
    """What is shared by all servers of a hall."""

    updates: Places
    images: FirmwareImages
    inventories: Inventories


class FirmwareDriver:
    """One server's firmware. Public methods raise MachineError, or what the journal raises."""

    def __init__(self, access: ServerAccess, self_test: SelfTest, hands: FirmwareHands) -> None:
        self._access = access
        self._self_test = self_test
        self._hands = hands
        self._firmware = Firmware(access.client)
        self._notes = FirmwareNotes(access.journal)
        self._flash = Flash(access, self._firmware, self._notes)

    async def look(self) -> SeenFirmware:
        """What is in effect and what is staged. Changes nothing; minutes old where the BMC is slow."""
        return await self._access.explained(self._look)

    async def bring(self, wanted: WantedFirmware) -> SeenFirmware:
        """Flash what is not as it should be, and reset the server for it where that is wanted.

        The leash is asked between components only.
        """
        return await self._access.explained(lambda: self._bring(wanted))

    async def forget(self) -> None:
        """Leave the firmware as it is."""
        await self._notes.clear()

    def known(self) -> SeenFirmware:
        """What is known without asking the BMC again, for a resource that is not finished."""
        return self._shown(self._hands.inventories.known(self._key) or {})

    async def _look(self) -> SeenFirmware:
        await self._access.system()
        return self._shown(await self._hands.inventories.of(self._key, self._firmware.inventory))

    async def _bring(self, wanted: WantedFirmware) -> SeenFirmware:
        await self._access.system()
        seen = await self._hands.inventories.of(self._key, self._firmware.inventory)
        if faults := faults_in(wanted.components, seen, allow_downgrade=wanted.allow_downgrade):
            raise MachineError(
                self._access.journal.claim,
                "firmware cannot be brought to its baseline: " + "; ".join(faults),
                "mend it in the fleet file; nothing was flashed",
            )
        for name in in_order(wanted.components):
            self._access.leash.check()
            await self._one(seen[name], wanted.components[name])
        if wanted.now:
            await self._activate(wanted, seen)
        await self._self_test.settle()
        return await self._look()

    async def _one(self, component: Component, image: FirmwareImage) -> None:
        if await self._is_done(component, image):
            return
        under_way = await self._flash.is_under_way()
        # Others must count a flash that runs already, and nobody can hold it back.
        async with self._hands.updates.one(self._access.leash, must_wait=not under_way):
            await self._flash.finish_running()
            if await self._is_done(component, image):
                return
            if self._notes.staged.get(component.name) != image.version:
                await self._verify(image)
                await self._flash.bring(component, image)
                await self._refresh(component.path)

    async def _is_done(self, component: Component, image: FirmwareImage) -> bool:
        """Whether the version runs, and the next reset does not bring another."""
        staged = self._notes.staged.get(component.name, image.version)
        return staged == image.version and await self._shows(component.path, image.version)

    async def _shows(self, path: str, version: str) -> bool:
        component = await self._refresh(path)
        if component.version != version:
            return False
        if self._notes.concerns(component.name):
            await self._notes.note_in_effect(component.name, version)
        return True

    async def _refresh(self, path: str) -> Component:
        component = await self._firmware.component(path)
        self._hands.inventories.note(self._key, component)
        return component

    async def _verify(self, image: FirmwareImage) -> None:
        try:
            await self._hands.images.verify(image)
        except WrongImageError as error:
            raise self._access.not_ready(
                f"{error}; nothing was flashed",
                f"put the image that is meant into the hall's cache, or mend its digest, then {GO_ON}",
            ) from error

    async def _activate(self, wanted: WantedFirmware, seen: Mapping[str, Component]) -> None:
        waiting = {
            seen[name].path: version
            for name, version in sorted(self._notes.staged.items())
            if name in wanted.components
        }
        activation = Activation(self._access, self._self_test, self._shows)
        await activation.run(waiting, allow_reboot=wanted.allow_reboot)

    def _shown(self, inventory: Mapping[str, Component]) -> SeenFirmware:
        versions = {name: component.version for name, component in sorted(inventory.items())}
        staged = {name: v for name, v in sorted(self._notes.staged.items()) if versions.get(name) != v}
        return SeenFirmware(versions, staged, self._notes.history)

    @property
    def _key(self) -> str:
        return self._access.journal.claim.server_id
