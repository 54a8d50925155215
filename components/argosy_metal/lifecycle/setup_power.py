"""A server that is off and carries no system is kept on in its BIOS setup while its drives are worked on.

Drives and RAID controllers hang on the server's main power, so a BMC can only change them while it is on.
What is on the drives is never booted for that. That we have switched it on is noted with the claim, so that
whoever comes after a killed run knows, and may switch it off again.
"""

from __future__ import annotations

from argosy_metal.budgets import PowerOns
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.decide import OFF
from argosy_metal.lifecycle.flash_guard import assert_no_flash
from argosy_metal.lifecycle.host_power import has_power, power_on, settled
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.redfish import System

SUBJECT = "setupPower"
_SETUP = "BiosSetup"


class SetupPower:
    """The power of one claimed server. Raises MachineNotReadyError for one that others have switched on."""

    def __init__(self, access: ServerAccess, power_ons: PowerOns) -> None:
        self._access = access
        self._power_ons = power_ons
        self._notes = Notes(access.journal, SUBJECT)

    async def up(self) -> None:
        """Switch the server on into its setup, unless a run of ours has done so already."""
        system = await self._access.system()
        seen = await settled(self._access, system)
        if seen.power != OFF:
            self._assert_ours()
            return
        await self._notes.write(**self._mark())
        if not seen.boots_once_from(_SETUP):
            await self._access.act(
                "set the next boot to the BIOS setup",
                lambda: system.set_boot_override_once(_SETUP),
                lambda: _boots_setup(system),
                self._access.limits.media_seconds,
            )
        await power_on(self._access, self._power_ons, system)

    async def down(self) -> None:
        """Switch off what `up` has switched on; nothing else."""
        if not self.is_ours():
            return
        system = await self._access.system()
        if (await settled(self._access, system)).power != OFF:
            await assert_no_flash(self._access)
            await self._access.act(
                "power off",
                lambda: system.reset("ForceOff"),
                lambda: has_power(system, OFF),
                self._access.limits.power_seconds,
            )
        await self._notes.clear()

    def is_ours(self) -> bool:
        """Whether the server is on, if it is, because `up` has switched it on and nothing has begun since."""
        return self._notes.read() == self._mark()

    def _mark(self) -> dict[str, int]:
        """An installation that was begun since then makes the note worthless."""
        claim = self._access.journal.claim
        return {"machine": claim.machine_number, "attempts": claim.attempts}

    def _assert_ours(self) -> None:
        if not self.is_ours():
            raise self._access.not_ready(
                "the server is on, and was not switched on by this claims store; it was left alone",
                "find out whose it is; if it is free, power it off by hand, then run `pulumi up` again",
            )


async def _boots_setup(system: System) -> bool:
    return (await system.observe()).boots_once_from(_SETUP)
