"""Takes all power from a server for a moment, its BMC included, where a BMC offers that.

The action and its parameter differ by vendor and stand in the quirks; the standard has none.
"""

from __future__ import annotations

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError
from argosy_metal.redfish.members import links
from argosy_metal.redfish.messages import text_at
from argosy_metal.redfish.quirks import AcCycle, identity_of, quirks_for


class AcCycler:
    """The action of one chassis. Get it by `find_ac_cycle`."""

    def __init__(self, client: RedfishClient, system_path: str, target: str, quirk: AcCycle) -> None:
        self._client = client
        self._system_path = system_path
        self._target = target
        self._quirk = quirk

    async def run(self) -> None:
        """Do it once. The BMC goes with it, and loses its sessions.

        Raises BmcRefusedError if the server has to be off for it and is not, or if the BMC refuses.
        """
        operation = "AC cycle"
        power = text_at((await self._client.get(self._system_path, operation)).body, "PowerState")
        if self._quirk.needs_off and power != "Off":
            # The BMC would refuse it too; controllers have asked one for ever (infra-controller issue 909).
            raise BmcRefusedError(
                self._client.host, operation, f"the server is {power}, and has to be powered off first"
            )
        await self._client.post(self._target, {"ResetType": self._quirk.reset_type}, operation)


async def find_ac_cycle(client: RedfishClient, system_path: str) -> AcCycler | None:
    """The AC cycle of a system's chassis; None if its BMC offers none."""
    operation = "find the AC cycle"
    system = (await client.get(system_path, operation)).body
    quirk = quirks_for(identity_of(await client.root(), system)).ac_cycle
    if quirk is None:
        return None
    for path in await links(client, system, operation, "Links", "Chassis"):
        chassis = (await client.get(path, operation)).body
        if target := text_at(chassis, "Actions", "Oem", quirk.action, "target"):
            return AcCycler(client, system_path, target, quirk)
    return None
