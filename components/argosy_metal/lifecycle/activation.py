"""Lets flashed versions take effect: a reset, and a moment without any power for those that need more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.self_test import SelfTest, past_self_test
from argosy_metal.redfish import RedfishError
from argosy_metal.redfish.ac_cycle import find_ac_cycle

Shows = Callable[[str, str], Awaitable[bool]]
"""Whether the component at a path runs a version."""


class Activation:
    """Of one server's staged versions. Raises MachineNotReadyError if some do not show in the end."""

    def __init__(self, access: ServerAccess, self_test: SelfTest, shows: Shows) -> None:
        self._access = access
        self._self_test = self_test
        self._shows = shows

    async def run(self, waiting: Mapping[str, str], *, allow_reboot: bool) -> None:
        """`waiting`: path of a component to its version."""
        left = await self._left(waiting)
        if left:
            await self._self_test.run(self._reset_is_over(left), allow_reboot=allow_reboot)
            left = await self._left(left)
        if left:
            await self._ac_cycle(left, allow_reboot=allow_reboot)

    async def _left(self, waiting: Mapping[str, str]) -> dict[str, str]:
        return {path: version for path, version in waiting.items() if not await self._shows(path, version)}

    def _reset_is_over(self, left: Mapping[str, str]) -> Callable[[], Awaitable[bool]]:
        """All versions show, or the self-test has been seen to run and to end."""
        was_seen = False

        async def is_over() -> bool:
            nonlocal was_seen
            if not await self._left(left):
                return True
            seen = await (await self._access.system()).observe()
            if not past_self_test(seen):
                was_seen = was_seen or seen.power == "On"
                return False
            return was_seen

        return is_over

    async def _ac_cycle(self, left: Mapping[str, str], *, allow_reboot: bool) -> None:
        system = await self._access.system()
        cycler = await find_ac_cycle(self._access.client, system.path)
        names = ", ".join(path.rpartition("/")[2] for path in left)
        if cycler is None:
            raise self._access.not_ready(
                f"a reset does not bring {names} into effect, and this BMC offers no AC cycle",
                f"take all power from the server for a moment (at its outlets), then {GO_ON}",
            )
        was_on = await self._self_test.power_off(allow_reboot=allow_reboot)
        await self._access.act(
            f"AC cycle for {names}",
            cycler.run,
            lambda: self._all_show(left),
            self._access.limits.flash_silence_seconds,
        )
        if was_on:
            await self._self_test.power_on()

    async def _all_show(self, left: Mapping[str, str]) -> bool:
        try:
            return not await self._left(left)
        except RedfishError:
            # The BMC has lost its power too, and comes back.
            return False
