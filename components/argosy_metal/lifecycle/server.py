"""A server as the lifecycle needs it: one look, and seven things to do. Over Redfish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from argosy_metal.lifecycle.decide import Observation
from argosy_metal.lifecycle.driver import BootMethod
from argosy_metal.redfish import RedfishClient, System, SystemState, VirtualMediaSlot, find_system

_NETWORK_TARGETS = {BootMethod.HTTP_BOOT: "UefiHttp", BootMethod.PXE: "Pxe"}
"""DSP0268, ComputerSystem: values of `BootSourceOverrideTarget`."""


@dataclass(frozen=True)
class Installer:
    """The installer of the attempt in hand, as the server gets it."""

    url: str
    method: BootMethod = BootMethod.VIRTUAL_MEDIA


class Server(Protocol):
    """One server behind its BMC. Every method may raise RedfishError."""

    async def observe(self, installer: Installer | None) -> Observation:
        """Look at power, drive and boot override. Raises WrongServerError if another server answers."""
        ...

    async def power_on(self) -> None:
        """Ask for power."""
        ...

    async def power_off(self) -> None:
        """Cut power at once; whatever runs is not asked."""
        ...

    async def shut_down(self) -> None:
        """Ask the operating system to shut down, where the BMC can; else cut power."""
        ...

    async def insert(self, media_url: str) -> None:
        """Put the image into the virtual drive."""
        ...

    async def eject(self) -> None:
        """Empty the virtual drive."""
        ...

    async def boot_once(self, installer: Installer) -> None:
        """Let the next boot, and only that, start the installer."""
        ...

    async def boot_normally(self) -> None:
        """Drop the boot override."""
        ...


class RedfishServer:
    """A server reached by Redfish. Finds its system and drive when they are needed, and checks the serial."""

    def __init__(self, client: RedfishClient, serial: str) -> None:
        self._client = client
        self._serial = serial
        self._found: System | None = None
        self._slot: VirtualMediaSlot | None = None

    async def observe(self, installer: Installer | None) -> Observation:
        """Look at power, drive and boot override."""
        system = await self._system()
        state = await system.observe()
        if installer is not None and installer.method is not BootMethod.VIRTUAL_MEDIA:
            # The drive is not asked for: a server that boots from the network may have none.
            boots = _boots_from_network(state, installer)
            return Observation(state.power, False, False, boots, needs_media=False)
        media = await (await self._drive()).observe()
        return Observation(
            power=state.power,
            media_inserted=media.inserted,
            holds_image=installer is not None and media.holds(installer.url),
            boots_image=state.boots_once_from(system.optical_boot_target(state)),
        )

    async def power_on(self) -> None:
        """Ask for power."""
        await (await self._system()).reset("On")

    async def power_off(self) -> None:
        """Cut power at once."""
        await (await self._system()).reset("ForceOff")

    async def shut_down(self) -> None:
        """Ask the operating system to shut down, where the BMC can; else cut power."""
        system = await self._system()
        graceful = "GracefulShutdown" in (await system.observe()).reset_types
        await system.reset("GracefulShutdown" if graceful else "ForceOff")

    async def insert(self, media_url: str) -> None:
        """Put the image into the virtual drive."""
        await (await self._drive()).insert(media_url)

    async def eject(self) -> None:
        """Empty the virtual drive."""
        await (await self._drive()).eject()

    async def boot_once(self, installer: Installer) -> None:
        """Let the next boot start the installer."""
        system = await self._system()
        match installer.method:
            case BootMethod.VIRTUAL_MEDIA:
                await system.set_boot_override_once(system.optical_boot_target(await system.observe()))
            case BootMethod.HTTP_BOOT:
                await system.set_boot_override_once("UefiHttp", http_boot_uri=installer.url)
            case BootMethod.PXE:
                await system.set_boot_override_once("Pxe")

    async def boot_normally(self) -> None:
        """Drop the boot override."""
        await (await self._system()).clear_boot_override()

    async def _system(self) -> System:
        if self._found is None:
            self._found = await find_system(self._client, self._serial)
        return self._found

    async def _drive(self) -> VirtualMediaSlot:
        if self._slot is None:
            self._slot = await (await self._system()).optical_slot()
        return self._slot


def _boots_from_network(state: SystemState, installer: Installer) -> bool:
    is_set = state.boots_once_from(_NETWORK_TARGETS[installer.method])
    return is_set and (installer.method is BootMethod.PXE or state.http_boot_uri == installer.url)
