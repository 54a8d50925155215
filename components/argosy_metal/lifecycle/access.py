"""A claimed server's BMC, for what is set up on it beside its machine: settings, firmware, drives, keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from argosy_metal.lifecycle.explained import GO_ON, explained
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.limits import Limits
from argosy_metal.redfish import Clock, RedfishClient, System, find_system

_T = TypeVar("_T")


class ServerAccess:
    """One claimed server during one operation. Every change is: observe, skip if done, act, confirm."""

    def __init__(
        self, client: RedfishClient, journal: Journal, leash: Leash, limits: Limits, clock: Clock
    ) -> None:
        self.client = client
        self.journal = journal
        self.leash = leash
        self.limits = limits
        self.clock = clock
        self._system: System | None = None

    async def system(self) -> System:
        """The server behind the BMC. Raises WrongServerError if another serial number answers."""
        if self._system is None:
            self._system = await find_system(self.client, self.journal.claim.serial)
        return self._system

    async def explained(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Do the work; whatever stops it is a MachineError that names server, phase and next step."""
        return await explained(self.journal, work)

    async def act(
        self,
        step: str,
        act: Callable[[], Awaitable[None]],
        done: Callable[[], Awaitable[bool]],
        limit_seconds: float,
    ) -> None:
        """Do it once, and look until it shows: neither an answer nor its absence proves anything.

        The leash is asked before the act and between looks, never in the middle of the act.
        """
        self.leash.check()
        await self.journal.assert_may_act()
        await act()
        await self.until(done, limit_seconds, f"{step}: the BMC accepted it, but it")

    async def until(self, done: Callable[[], Awaitable[bool]], limit_seconds: float, what: str) -> None:
        """Look until it shows. Raises MachineNotReadyError after `limit_seconds`."""
        started = self.clock.now()
        while not await done():
            if self.clock.now() - started > limit_seconds:
                raise self.not_ready(
                    f"{what} does not show after {limit_seconds:.0f} s",
                    f"look at the server on its BMC, then {GO_ON}",
                )
            await self.leash.pause(self.limits.poll_seconds)

    def not_ready(self, found: str, next_step: str) -> MachineNotReadyError:
        """What to raise when the server is not as it should be."""
        return MachineNotReadyError(self.journal.claim, found, next_step)
