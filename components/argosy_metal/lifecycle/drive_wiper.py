"""Wipes through the BMC: the drives' own sanitising, asked for over Redfish."""

from __future__ import annotations

from argosy_metal.budgets import PowerOns
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.driver import Wipe, WipePolicy
from argosy_metal.lifecycle.wipe import erase_drives


class DriveWiper:
    """Erases every drive that the BMC shows. It knows drives, not what is written on them."""

    def __init__(self, access: ServerAccess, power_ons: PowerOns) -> None:
        self._access = access
        self._power_ons = power_ons

    def fault(self, wipe: Wipe) -> str | None:
        """A BMC sees no partitions, so it can erase everything or nothing."""
        if wipe.policy is WipePolicy.METADATA:
            return "a BMC cannot wipe metadata alone; expected policy erase or none, or `engine: ironic`"
        return None

    async def wipe(self, wipe: Wipe) -> str:
        """Erase, and give what was seen of every drive, as JSON."""
        return (await erase_drives(self._access, wipe.method, self._power_ons)).to_json()
