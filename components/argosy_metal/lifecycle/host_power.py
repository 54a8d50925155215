"""Switches a claimed host that carries no machine of ours on or off, within the hall's budgets."""

from __future__ import annotations

from argosy_metal.budgets import PowerOns
from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.decide import OFF, ON
from argosy_metal.lifecycle.flash_guard import assert_no_flash
from argosy_metal.lifecycle.starting import starting
from argosy_metal.redfish import System, SystemState

_GRACEFUL = "GracefulShutdown"


async def switch_host(access: ServerAccess, power_ons: PowerOns, power: str, *, graceful: bool) -> str:
    """Bring the host to `On` or `Off`; the power that was seen then.

    With `graceful` its operating system is asked, and the power never cut. Raises MachineNotReadyError if it
    does not show in time, or if the BMC cannot ask.
    """
    system = await access.system()
    seen = await settled(access, system)
    if seen.power == power:
        return power
    if power == ON:
        await power_on(access, power_ons, system)
        return ON
    if graceful and seen.reset_types and _GRACEFUL not in seen.reset_types:
        raise access.not_ready(
            f"the BMC cannot ask the operating system to shut down; it offers {', '.join(seen.reset_types)}",
            "shut it down by hand, or set `graceful: false`, which cuts the power",
        )
    await assert_no_flash(access)
    reset_type = _GRACEFUL if graceful else "ForceOff"
    await access.act(
        "shut down" if graceful else "power off",
        lambda: system.reset(reset_type),
        lambda: has_power(system, OFF),
        access.limits.power_seconds,
    )
    return OFF


async def power_on(access: ServerAccess, power_ons: PowerOns, system: System) -> None:
    """Switch on when the feeds can bear it. Raises MachineNotReadyError if they never could."""
    async with starting(access.journal.claim, power_ons, access.leash):
        await access.act(
            "power on",
            lambda: system.reset("On"),
            lambda: has_power(system, ON),
            access.limits.power_seconds,
        )


async def has_power(system: System, power: str) -> bool:
    """Whether it shows."""
    return (await system.observe()).power == power


async def settled(access: ServerAccess, system: System) -> SystemState:
    """The server once its power is not just changing."""

    async def is_settled() -> bool:
        return (await system.observe()).power in (ON, OFF)

    await access.until(is_settled, access.limits.power_seconds, "the end of a change of power")
    return await system.observe()
