"""Takes a server through its self-test, so that settings and firmware which wait for it take effect.

Who may be reset, decided once for all that is set up beside a machine:

- a server that is off and carries no machine is switched on into its BIOS setup, and off again;
- one that runs our machine is restarted only on the program's explicit word (draining is another resource's);
- one that is being installed or taken down is left alone;
- one that is on and was not switched on by us is left alone, whatever the program says.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from argosy_metal.budgets import PowerOns
from argosy_metal.claims import Phase
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.decide import OFF
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.flash_guard import assert_no_flash
from argosy_metal.lifecycle.host_power import power_on, settled, switch_host
from argosy_metal.lifecycle.reports import Reports
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.redfish import System, SystemState

_IDLE = frozenset({Phase.CLAIMED, Phase.FAILED, Phase.QUARANTINED})
_SETUP = "BiosSetup"
Done = Callable[[], Awaitable[bool]]


def why_not(phase: Phase, power: str, *, on_by_us: bool, allow_reboot: bool) -> tuple[str, str] | None:
    """Why the server may not go through a self-test now, and what would change that; None if it may.

    `on_by_us`: if it is on, then because we switched it on.
    """
    if phase is Phase.RUNNING and not allow_reboot:
        return (
            "it runs a machine, which is not rebooted unasked",
            "drain it, then set `allowReboot: true`, or let it reboot at its own time",
        )
    if phase not in _IDLE and phase is not Phase.RUNNING:
        return "a machine is being installed on it or taken down", "finish that first, then run again"
    if power != OFF and not on_by_us:
        return (
            "it is on, and was not switched on by this claims store",
            "find out whose it is; if it is free, power it off by hand, then run `pulumi up` again",
        )
    return None


class SelfTest:
    """One server's way through its self-test, begun again wherever an interrupted run left it."""

    def __init__(self, access: ServerAccess, power_ons: PowerOns, reports: Reports) -> None:
        self._access = access
        self._power_ons = power_ons
        self._reports = reports
        self._setup = SetupPower(access, power_ons)

    async def run(self, done: Done, *, allow_reboot: bool) -> None:
        """Reset the server, wait until `done`, and leave it on or off as it was found.

        Raises MachineNotReadyError if it may not be reset, or if it is not done in time.
        """
        system, seen = await self._resettable(allow_reboot=allow_reboot)
        if seen.power == OFF or self._setup.is_ours():
            await self._up_and_down(system, seen, done)
        else:
            limit = self._access.limits.self_test_seconds
            await self._access.act("restart", lambda: _restart(system, seen), done, limit)

    async def settle(self) -> None:
        """Switch off what an interrupted run has switched on for its self-test alone."""
        await self._setup.down()

    async def power_off(self, *, allow_reboot: bool) -> bool:
        """Switch the server off for what needs that; True if it was on. Raises as `run` does."""
        _, seen = await self._resettable(allow_reboot=allow_reboot)
        if seen.power == OFF:
            return False
        if self._setup.is_ours():
            await self._setup.down()
            return False
        graceful = "GracefulShutdown" in seen.reset_types
        await switch_host(self._access, self._power_ons, OFF, graceful=graceful)
        return True

    async def power_on(self) -> None:
        """Switch on again what `power_off` has switched off."""
        await power_on(self._access, self._power_ons, await self._access.system())

    async def _resettable(self, *, allow_reboot: bool) -> tuple[System, SystemState]:
        """The server, which may be reset right now. Raises MachineNotReadyError if it may not."""
        access = self._access
        system = await access.system()
        seen = await settled(access, system)
        on_by_us = self._setup.is_ours() or await self._runs_ours()
        phase = access.journal.claim.phase
        if reason := why_not(phase, seen.power, on_by_us=on_by_us, allow_reboot=allow_reboot):
            raise access.not_ready(*reason)
        await assert_no_flash(access)
        return system, seen

    async def _runs_ours(self) -> bool:
        """Whether what runs on it, if anything does, was installed by this claims store."""
        journal = self._access.journal
        if not journal.claim.may_be_on_by_us:
            return False
        last = await self._reports.find(journal.claim.serial)
        return last is None or await journal.knows(last.install_id)

    async def _up_and_down(self, system: System, seen: SystemState, done: Done) -> None:
        """Through the self-test into the BIOS setup, so that nothing on the drives boots, and off again."""
        access, limit = self._access, self._access.limits.self_test_seconds
        what = "what waits for the self-test"
        try:
            if seen.power == OFF:
                await self._setup.up()
            elif not await self._ends(system, done):
                # It is on for something else, or its self-test was over before there was anything to do.
                await system.set_boot_override_once(_SETUP)
                await access.act("restart", lambda: system.reset("ForceRestart"), done, limit)
            await access.until(done, limit, what)
        except MachineNotReadyError:
            await self.settle()
            raise
        await self.settle()

    async def _ends(self, system: System, done: Done) -> bool:
        """Wait for the self-test that an interrupted run has begun; whether all is done after it."""

        async def is_over() -> bool:
            return await done() or past_self_test(await system.observe())

        await self._access.until(is_over, self._access.limits.self_test_seconds, "the end of the self-test")
        return await done()


def past_self_test(seen: SystemState) -> bool:
    """Whether the self-test is over, where the BMC tells."""
    return seen.boot_progress in (
        "SystemHardwareInitializationComplete",
        "SetupEntered",
        "OSBootStarted",
        "OSRunning",
        "OEM",
    )


async def _restart(system: System, seen: SystemState) -> None:
    await system.reset("GracefulRestart" if "GracefulRestart" in seen.reset_types else "ForceRestart")
