"""A server as the lifecycle needs it: one look, and six things to do. Over Redfish."""

from __future__ import annotations

from typing import Protocol

from argosy_metal.lifecycle.decide import Observation
from argosy_metal.redfish import RedfishClient, System, VirtualMediaSlot, find_system


class Server(Protocol):
    """One server behind its BMC. Every method may raise RedfishError."""

    async def observe(self, media_url: str | None) -> Observation:
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

    async def boot_image_once(self) -> None:
        """Let the next boot, and only that, start from the virtual drive."""
        ...

    async def boot_normally(self) -> None:
        """Drop the boot override."""
        ...


class RedfishServer:
    """A server reached by Redfish. Finds its system and drive at the first look and checks the serial."""

    def __init__(self, client: RedfishClient, serial: str) -> None:
        self._client = client
        self._serial = serial
        self._found: tuple[System, VirtualMediaSlot] | None = None

    async def observe(self, media_url: str | None) -> Observation:
        """Look at power, drive and boot override."""
        system, drive = await self._parts()
        state = await system.observe()
        media = await drive.observe()
        return Observation(
            power=state.power,
            media_inserted=media.inserted,
            holds_image=media_url is not None and media.holds(media_url),
            boots_image=state.boots_once_from(system.optical_boot_target(state)),
        )

    async def power_on(self) -> None:
        """Ask for power."""
        system, _ = await self._parts()
        await system.reset("On")

    async def power_off(self) -> None:
        """Cut power at once."""
        system, _ = await self._parts()
        await system.reset("ForceOff")

    async def shut_down(self) -> None:
        """Ask the operating system to shut down, where the BMC can; else cut power."""
        system, _ = await self._parts()
        graceful = "GracefulShutdown" in (await system.observe()).reset_types
        await system.reset("GracefulShutdown" if graceful else "ForceOff")

    async def insert(self, media_url: str) -> None:
        """Put the image into the virtual drive."""
        _, drive = await self._parts()
        await drive.insert(media_url)

    async def eject(self) -> None:
        """Empty the virtual drive."""
        _, drive = await self._parts()
        await drive.eject()

    async def boot_image_once(self) -> None:
        """Let the next boot start from the virtual drive."""
        system, _ = await self._parts()
        await system.set_boot_override_once(system.optical_boot_target(await system.observe()))

    async def boot_normally(self) -> None:
        """Drop the boot override."""
        system, _ = await self._parts()
        await system.clear_boot_override()

    async def _parts(self) -> tuple[System, VirtualMediaSlot]:
        if self._found is None:
            system = await find_system(self._client, self._serial)
            self._found = system, await system.optical_slot()
        return self._found
