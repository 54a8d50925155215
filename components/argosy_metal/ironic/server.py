"""A server behind Ironic: what can be seen of it there, and what Ironic can be asked for.

It keeps the lifecycle's `Server`, so that reports, budgets and patience are the same for both engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.claims import Claim
from argosy_metal.ironic.client import IronicClient, Patch
from argosy_metal.ironic.decide import Boot
from argosy_metal.ironic.errors import IronicRefusedError
from argosy_metal.ironic.fields import node_name
from argosy_metal.ironic.node import SETTLING, Node, node_from
from argosy_metal.lifecycle.decide import Observation
from argosy_metal.lifecycle.server import Installer
from argosy_metal.redfish import WrongServerError

_HARD, _SOFT = "power off", "soft power off"


class IronicServer:
    """One server's node. Methods raise IronicError."""

    def __init__(self, client: IronicClient, claim: Claim) -> None:
        self._client = client
        self._claim = claim
        self._path = f"/v1/nodes/{node_name(claim)}"

    async def node(self) -> Node | None:
        """The server's node: the one that we enrol, or one that is called after the serial number."""
        found: dict[str, Node] = {}
        for name in (node_name(self._claim), self._claim.serial):
            node = await self._find(f"/v1/nodes/{name}")
            if node is not None:
                found.setdefault(node.id, node)
                self._path = f"/v1/nodes/{node.id}"
        if len(found) > 1:
            raise self._refused(
                "find the node", f"there is one called so and one called {self._claim.serial}; one has to go"
            )
        return next(iter(found.values()), None)

    async def is_inspected(self) -> bool:
        """Whether Ironic has seen the claimed serial number behind the BMC. Raises WrongServerError."""
        answer = await self._client.get(f"{self._path}/inventory", "read the inventory")
        serial = _at(answer, "inventory", "system_vendor", "serial_number")
        if serial is None:
            return False
        if serial != self._claim.serial:
            found = f"Ironic has seen serial {serial} there, not {self._claim.serial}"
            raise WrongServerError(self._client.host, "check the serial number", found)
        return True

    async def boot(self) -> Boot:
        """Where the next boot starts, as the BMC has it."""
        answer = await self._client.get(f"{self._path}/management/boot_device", "read the boot device")
        if _at(answer, "boot_device") != "cdrom":
            return Boot.OTHER
        return Boot.DRIVE_ALWAYS if _at(answer, "persistent") else Boot.DRIVE_ONCE

    async def media_inserted(self) -> bool:
        """Whether the optical drive holds anything, as the BMC has it."""
        answer = await self._client.get(f"{self._path}/vmedia", "look into the virtual drives")
        return any(_at(drive, "inserted") for drive in _list(answer))

    async def why(self, node: Node) -> str:
        """What Ironic last said went wrong with the node.

        Switching a server off clears `last_error`, and that is how Ironic cleans up after a failed
        deployment; so its history is asked (ironic 39.0.0, conductor/utils.py `node_power_action`).
        """
        if node.last_error is not None:
            return node.last_error
        answer = await self._client.get(f"{self._path}/history?detail=true", "read the node's history")
        events = [event for event in _list(_at(answer, "history")) if _at(event, "severity") == "ERROR"]
        newest = max(events, key=lambda event: str(_at(event, "created_at")), default=None)
        return str(_at(newest, "event") or "no reason given")

    async def observe(self, installer: Installer | None) -> Observation:
        """As the lifecycle sees a server. Raises IronicRefusedError if there is no node."""
        node = await self.node()
        if node is None:
            raise self._refused("look at the node", "Ironic knows no such node")
        boot = await self.boot() if node.state == "active" else Boot.OTHER
        is_to_boot = boot is not Boot.OTHER
        return Observation(
            node.power, media_inserted=is_to_boot, holds_image=is_to_boot, boots_image=is_to_boot
        )

    async def enrol(self, body: Mapping[str, Any]) -> None:
        """Make the node."""
        await self._client.post("/v1/nodes", body, "enrol the node")

    async def patch(self, patch: Patch, operation: str) -> None:
        """Change the node's fields, all or none."""
        await self._client.patch(self._path, patch, operation)

    async def provision(self, order: Mapping[str, Any], operation: str) -> None:
        """Ask for another provision state."""
        await self._client.put(f"{self._path}/states/provision", order, operation)

    async def power_on(self) -> None:
        """Ask for power."""
        await self._power("power on")

    async def power_off(self) -> None:
        """Cut power at once."""
        await self._power(_HARD)

    async def shut_down(self) -> None:
        """Ask the operating system; Ironic cuts the power if that takes too long."""
        await self._power(_SOFT)

    async def boot_once(self, installer: Installer) -> None:
        """Let the next boot, and only that, start from the drive."""
        await self.boot_from_drive_once()

    async def boot_from_drive_once(self) -> None:
        """Let the next boot, and only that, start from the drive."""
        await self._boot_from("cdrom", persistent=False)

    async def boot_normally(self) -> None:
        """Let every boot start from the disk."""
        await self._boot_from("disk", persistent=True)

    async def insert(self, media_url: str) -> None:
        """Ironic's deployment does it."""
        raise self._refused("insert the image", "only a deployment inserts images")

    async def eject(self) -> None:
        """Empty the optical drive."""
        await self._client.delete(f"{self._path}/vmedia?device_types=cdrom", "eject the installer")

    async def maintain(self, *, on: bool) -> None:
        """Put the node in maintenance by us, or out of it."""
        path, operation = f"{self._path}/maintenance", "change the deploy interface"
        if on:
            await self._client.put(path, {"reason": SETTLING}, operation)
        else:
            await self._client.delete(path, operation)

    async def _power(self, target: str) -> None:
        await self._client.put(f"{self._path}/states/power", {"target": target}, target)

    async def _boot_from(self, device: str, *, persistent: bool) -> None:
        order = {"boot_device": device, "persistent": persistent}
        await self._client.put(f"{self._path}/management/boot_device", order, "set the boot device")

    async def _find(self, path: str) -> Node | None:
        answer = await self._client.get(path, "look at the node")
        if answer is None:
            return None
        try:
            return node_from(cast("Mapping[str, Any]", answer))
        except (TypeError, ValueError) as error:
            raise self._refused("look at the node", f"the answer is no node: {error}") from None

    def _refused(self, operation: str, found: str) -> IronicRefusedError:
        return IronicRefusedError(self._client.host, f"{node_name(self._claim)}: {operation}", found)


def _list(answer: Any) -> list[Any]:
    return cast("list[Any]", answer) if isinstance(answer, list) else []


def _at(answer: Any, *names: str) -> Any:
    """What stands under these names; None where there is nothing."""
    for name in names:
        if not isinstance(answer, dict):
            return None
        answer = cast("dict[str, Any]", answer).get(name)
    return answer
