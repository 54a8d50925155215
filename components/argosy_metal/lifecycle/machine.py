"""Drives one machine over Redfish: looks, decides, acts, confirms, until it runs or must not go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TypeVar

from argosy_metal.claims import Phase
from argosy_metal.lifecycle.decide import OFF, ON, Observation, Step, next_step
from argosy_metal.lifecycle.departure import drop, take_down
from argosy_metal.lifecycle.driver import Running, Seen, Wanted
from argosy_metal.lifecycle.explained import explained
from argosy_metal.lifecycle.failure import MachineError
from argosy_metal.lifecycle.installation import (
    await_off,
    begin_attempt,
    end_attempt,
    fail_attempt,
    offer,
    quarantined,
    wait_for_report,
)
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.work import Hands, Work

_T = TypeVar("_T")
_BEFORE_THE_INSTALLER = frozenset({Step.INSERT, Step.SET_BOOT, Step.PERMIT_BOOT, Step.POWER_ON})
"""Some BMCs fetch the image once it is inserted; and what was offered long ago may have run out."""

_STARTS = 3
"""So often is a system started within one operation; one that goes off every time never reports."""


class Machine:
    """One machine on one claimed server. Public methods raise MachineError, or what the journal raises."""

    def __init__(self, journal: Journal, hands: Hands) -> None:
        self._work = Work(journal, hands)
        self._reading = AsyncExitStack()
        """Holds the place among those that read the image."""
        self._reads = False
        self._starts = 0
        self._offered: str | None = None
        """Install id that the hall's service was told in this operation."""

    async def bring_up(self, wanted: Wanted, *, online: bool) -> Running:
        """Install what is wanted unless this very attempt's system has reported, then see to its power."""
        return await self._explained(lambda: self._bring_up(wanted, online=online))

    async def take_down(self) -> None:
        """Eject our image, cut the power, wipe as the claim demands, forget the machine. The claim stays.

        A server that was never ours to switch on, or that others have installed since, is not powered off.
        """
        await self._explained(self._take_down)

    async def look(self) -> Seen:
        """What is there now. Changes nothing."""
        return await self._explained(self._look)

    async def _bring_up(self, wanted: Wanted, *, online: bool) -> Running:
        if fault := self._work.hands.wiper.fault(wanted.wipe):
            raise self._work.not_ready(fault, "give another wipe policy")
        if running := await self._as_it_is(wanted, online=online):
            return running
        async with self._work.hands.budgets.machines.one(self._work.hands.leash), self._reading:
            return await self._work_on(wanted, online=online)

    async def _as_it_is(self, wanted: Wanted, *, online: bool) -> Running | None:
        """The machine if nothing is to be done, so that nothing is waited for; None otherwise."""
        work = self._work
        if work.journal.claim.phase is not Phase.RUNNING:
            return None
        await self._agree(wanted)
        seen, report = await work.look()
        is_right = seen.is_settled and (seen.power != OFF) == online
        return Running(report.boot_id, seen.power) if report is not None and is_right else None

    async def _work_on(self, wanted: Wanted, *, online: bool) -> Running:
        work = self._work
        await self._agree(wanted)
        seen, report = await work.look()
        while True:
            if report is not None:
                # An installation that an earlier run had begun may have ended by now.
                await self._reading.aclose()
            claim = work.journal.claim
            step = next_step(
                claim.phase, seen, reported=report is not None, may_be_on_by_us=claim.may_be_on_by_us
            )
            if step is Step.NOTHING:
                break
            work.hands.leash.check()
            shown = await self._take(step, wanted, seen)
            if shown is None:
                seen, report = await work.look()
            else:
                seen = replace(shown, installer_is_done=seen.installer_is_done)
        if report is None:
            raise work.runs_another(await work.last_report())
        seen = await self._see_to_power(seen, online=online)
        return Running(report.boot_id, seen.power)

    async def _agree(self, wanted: Wanted) -> None:
        """Drop what an interrupted run began otherwise; never a machine that runs."""
        work, claim = self._work, self._work.journal.claim
        if claim.install_id is None:
            return
        same = await work.journal.is_for(wanted)
        if claim.phase is Phase.RUNNING and not same:
            raise MachineError(
                claim,
                f"it runs another image already (sha256 {claim.image_sha256}), or the same with other user"
                " data or root device hints",
                f"`pulumi import` it as {claim.server_id}, and the next `pulumi up` replaces it",
            )
        if claim.phase is Phase.PREPARING:
            same = same and claim.boot_method == wanted.boot.value
        if not same and claim.phase not in (Phase.LEAVING, Phase.WIPING):
            await drop(work)
            return
        # A wipe that was begun ends as it was demanded; what is wanted now counts for the next machine.
        if claim.phase is not Phase.WIPING:
            await work.journal.demand_wipe(wanted.wipe)

    async def _take(self, step: Step, wanted: Wanted, seen: Observation) -> Observation | None:
        """What it has shown at its end; None if another look is needed."""
        work = self._work
        journal, server = work.journal, work.hands.server
        installer = work.installer()
        if step in _BEFORE_THE_INSTALLER and journal.claim.install_id != self._offered:
            await offer(work, wanted)
            self._offered = journal.claim.install_id
        match step:
            case Step.BEGIN_ATTEMPT:
                await begin_attempt(work, wanted, seen)
            case Step.POWER_OFF:
                return await work.power_off(server.power_off)
            case Step.EJECT | Step.EJECT_INSTALLER:
                return await work.act(step, server.eject, lambda seen: not seen.media_inserted)
            case Step.INSERT if installer is not None:
                return await work.act(
                    step, lambda: server.insert(installer.url), lambda seen: seen.holds_image
                )
            case Step.SET_BOOT if installer is not None:
                return await work.act(
                    step, lambda: server.boot_once(installer), lambda seen: seen.boots_image
                )
            case Step.PERMIT_BOOT:
                await journal.write(phase=Phase.BOOTING)
            case Step.POWER_ON:
                await self._read_image(must_wait=True)
                return await work.power_on(lambda seen: seen.power != OFF)
            case Step.NOTE_INSTALLING:
                await journal.write(phase=Phase.INSTALLING)
            case Step.WAIT:
                await self._read_image(must_wait=False)
                if await wait_for_report(work):
                    # Whoever reports, installer or system, reads the image no more, and another machine may.
                    await self._reading.aclose()
            case Step.AWAIT_OFF:
                await await_off(work)
            case Step.RESET_BOOT:
                return await work.act(step, server.boot_normally, lambda seen: not seen.boots_image)
            case Step.PERMIT_START:
                await journal.write(phase=Phase.STARTING)
            case Step.START:
                await self._start()
            case Step.END_ATTEMPT:
                await end_attempt(work)
            case Step.FINISH:
                await journal.write(phase=Phase.RUNNING)
            case Step.TAKE_DOWN:
                await take_down(work)
            case Step.LEAVE_ALONE:
                raise work.not_ours(await work.last_report())
            case _:
                raise quarantined(work)
        return None

    async def _start(self) -> None:
        """Start the installed system; the image is not read any more."""
        await self._reading.aclose()
        if self._starts >= _STARTS:
            await fail_attempt(self._work)
        self._starts += 1
        await self._work.power_on(lambda seen: seen.power != OFF)

    async def _read_image(self, *, must_wait: bool) -> None:
        """From here until it runs this machine is one of those that read the image; it counts once."""
        if self._reads:
            return
        hands = self._work.hands
        await self._reading.enter_async_context(
            hands.budgets.image_readers.one(hands.leash, must_wait=must_wait)
        )
        self._reads = True

    async def _see_to_power(self, seen: Observation, *, online: bool) -> Observation:
        work = self._work
        if not seen.is_settled:
            limit = work.hands.limits.power_seconds
            seen = await work.until(lambda now: now.is_settled, limit, "the end of a change of power")
        if online and seen.power == OFF:
            return await work.power_on(lambda now: now.power == ON)
        if not online and seen.power != OFF:
            return await work.power_off(work.hands.server.shut_down)
        return seen

    async def _take_down(self) -> None:
        work = self._work
        async with work.hands.budgets.machines.one(work.hands.leash):
            await take_down(work)

    async def _look(self) -> Seen:
        work = self._work
        seen, report = await work.look()
        return Seen(seen.power, report.boot_id if report else None, await work.doubt(report))

    async def _explained(self, work: Callable[[], Awaitable[_T]]) -> _T:
        return await explained(self._work.journal, work)
