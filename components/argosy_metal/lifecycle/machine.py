"""Drives one machine: looks, decides, acts, confirms, until it runs or must not go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from argosy_metal.claims import Phase
from argosy_metal.lifecycle.decide import OFF, ON, Observation, Step, next_step
from argosy_metal.lifecycle.explained import GO_ON, explained
from argosy_metal.lifecycle.failure import MachineError, MachineNotReadyError
from argosy_metal.lifecycle.image import Image
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.limits import Limits
from argosy_metal.lifecycle.reports import Report, Reports
from argosy_metal.lifecycle.server import Server
from argosy_metal.redfish import Clock, RedfishError, WrongServerError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Running:
    """What is known of a machine that runs."""

    boot_id: str
    power: str


class Machine:
    """One machine on one claimed server. Public methods raise MachineError, or what the journal raises."""

    def __init__(
        self,
        journal: Journal,
        server: Server,
        reports: Reports,
        limits: Limits,
        clock: Clock,
        leash: Leash,
        console_log: str = "the server's console log",
    ) -> None:
        self._journal = journal
        self._server = server
        self._reports = reports
        self._limits = limits
        self._clock = clock
        self._leash = leash
        self._console_log = console_log

    async def bring_up(self, image: Image, *, online: bool) -> Running:
        """Install `image` unless this very attempt's system has reported, then see to its power."""
        return await self._explained(lambda: self._bring_up(image, online=online))

    async def take_down(self) -> None:
        """Eject our image, cut the power, forget the machine. The claim stays.

        A server that was never ours to switch on, or that others have installed since, is not powered off.
        """
        await self._explained(self._take_down)

    async def look(self) -> tuple[Observation, Report | None]:
        """What is there now. Changes nothing."""
        return await self._explained(self._look)

    async def _bring_up(self, image: Image, *, online: bool) -> Running:
        await self._agree_on_image(image)
        while True:
            seen, report = await self._look()
            claim = self._journal.claim
            step = next_step(
                claim.phase, seen, reported=report is not None, may_be_on_by_us=claim.may_be_on_by_us
            )
            if step is Step.NOTHING:
                break
            self._leash.check()
            await self._take(step, image, seen)
        if report is None:
            raise self._not_ready(
                "the hall's service knows no report of this installation",
                "run `pulumi refresh`, then `pulumi up`",
            )
        seen = await self._see_to_power(seen, online=online)
        return Running(report.boot_id, seen.power)

    async def _agree_on_image(self, image: Image) -> None:
        """Drop what an interrupted run began with another image; never a machine that runs."""
        claim = self._journal.claim
        if claim.image_sha256 in (None, image.sha256):
            return
        if claim.phase is Phase.RUNNING:
            raise MachineError(
                claim,
                f"it runs another image already (sha256 {claim.image_sha256})",
                f"`pulumi import` it as {claim.server_id}, and the next `pulumi up` replaces it",
            )
        await self._take_down()

    async def _take(self, step: Step, image: Image, seen: Observation) -> None:
        journal, server = self._journal, self._server
        match step:
            case Step.BEGIN_ATTEMPT:
                await self._begin_attempt(image, seen)
            case Step.POWER_OFF:
                await self._power_off(server.power_off)
            case Step.EJECT | Step.EJECT_INSTALLER:
                await self._act(step, server.eject, lambda seen: not seen.media_inserted)
            case Step.INSERT:
                url = self._media_url() or ""
                await self._act(step, lambda: server.insert(url), lambda seen: seen.holds_image)
            case Step.SET_BOOT:
                await self._act(step, server.boot_image_once, lambda seen: seen.boots_image)
            case Step.PERMIT_BOOT:
                await journal.write(phase=Phase.BOOTING)
            case Step.POWER_ON:
                await self._act(step, server.power_on, lambda seen: seen.power != OFF)
            case Step.NOTE_INSTALLING:
                await journal.write(phase=Phase.INSTALLING)
            case Step.WAIT:
                await self._wait_for_report()
            case Step.END_ATTEMPT:
                await self._end_attempt()
            case Step.FINISH:
                await journal.write(phase=Phase.RUNNING)
            case Step.TAKE_DOWN:
                await self._take_down()
            case Step.LEAVE_ALONE:
                raise self._not_ours(await self._last_report())
            case Step.REFUSE | Step.NOTHING | Step.RESET_BOOT:
                raise self._quarantined()

    async def _begin_attempt(self, image: Image, seen: Observation) -> None:
        if self._journal.claim.attempts >= self._limits.attempts:
            await self._journal.write(phase=Phase.QUARANTINED)
            raise self._quarantined()
        if seen.power != OFF:
            await self._assert_ours()
        # Nothing that has reported so far runs any longer: the server is off, or ours to power off.
        last = await self._last_report()
        await self._journal.begin_attempt(image, last.install_id if last else None)

    async def _end_attempt(self) -> None:
        """The server is off though it should be installing; a reboot may look like that for a moment."""
        await self._leash.pause(self._limits.poll_seconds)
        seen, report = await self._look()
        if report is not None or seen.power != OFF:
            return
        failure = self._not_ready(
            "the server went off before its installed system reported",
            f"read {self._console_log}; `pulumi up` begins the next attempt",
        )
        await self._journal.write(phase=Phase.FAILED)
        raise failure

    async def _wait_for_report(self) -> None:
        """Wait until there is a report or the server needs another look."""
        started = last_answer = self._clock.now()
        while True:
            await self._leash.pause(self._limits.poll_seconds)
            if (heard := await self._heard()) is not None:
                await self._attend_to(heard)
                return
            now = self._clock.now()
            if now - started > self._limits.install_seconds:
                await self._give_up(now - started)
            try:
                seen = await self._observe()
            except WrongServerError:
                raise
            except RedfishError:
                if now - last_answer > self._limits.silence_seconds:
                    raise
                continue
            last_answer = now
            if next_step(self._journal.claim.phase, seen, reported=False) is not Step.WAIT:
                return

    async def _attend_to(self, heard: Report) -> None:
        """End the attempt if its installer gave up."""
        if heard.failure is not None:
            failure = self._not_ready(
                f"the installer gave up: {heard.failure}",
                f"mend what it says ({self._console_log} may say more); `pulumi up` begins the next attempt",
            )
            await self._journal.write(phase=Phase.FAILED)
            raise failure

    async def _give_up(self, seconds: float) -> None:
        failure = self._not_ready(
            f"no report from the installed system for {seconds:.0f} s",
            f"read {self._console_log}; `pulumi up` looks for the report once more, then begins the next"
            " attempt",
        )
        await self._journal.write(phase=Phase.FAILED)
        raise failure

    async def _see_to_power(self, seen: Observation, *, online: bool) -> Observation:
        if not seen.is_settled:
            limit = self._limits.power_seconds
            seen = await self._until(lambda now: now.is_settled, limit, "the end of a change of power")
        if online and seen.power == OFF:
            return await self._act(Step.POWER_ON, self._server.power_on, lambda now: now.power == ON)
        if not online and seen.power != OFF:
            return await self._power_off(self._server.shut_down)
        return seen

    async def _take_down(self) -> None:
        claim = self._journal.claim
        if claim.phase is not Phase.CLAIMED:
            seen = await self._observe()
            if claim.may_be_on_by_us:
                if seen.power != OFF:
                    await self._assert_ours()
                await self._journal.write(phase=Phase.LEAVING)
            if seen.holds_image:
                await self._act(Step.EJECT, self._server.eject, lambda now: not now.media_inserted)
            if seen.power != OFF and claim.may_be_on_by_us:
                await self._power_off(self._server.power_off)
            if seen.boots_image:
                await self._act(Step.RESET_BOOT, self._server.boot_normally, lambda now: not now.boots_image)
        await self._journal.forget_machine()

    async def _power_off(self, act: Callable[[], Awaitable[None]]) -> Observation:
        await self._assert_ours()
        return await self._act(Step.POWER_OFF, act, lambda now: now.power == OFF)

    async def _assert_ours(self) -> None:
        """Raise MachineError if a system has reported that neither we have installed nor was there before."""
        last = await self._last_report()
        if last is not None and not await self._journal.knows(last.install_id):
            raise self._not_ours(last)

    def _not_ours(self, last: Report | None) -> MachineError:
        install = f"install {last.install_id} was reported" if last else "no system has reported from it"
        return self._not_ready(
            "the server is not off, and what runs on it was not started by this claims store"
            f" ({install}); it was left alone",
            "find out whose it is: all runs of a hall must share one claims file; if it is free, power it"
            " off by hand, then run `pulumi up` again",
        )

    async def _act(
        self, step: Step, act: Callable[[], Awaitable[None]], done: Callable[[Observation], bool]
    ) -> Observation:
        """Do it once, and look until it shows: neither an answer nor its absence proves anything."""
        self._leash.check()
        await self._journal.assert_may_act()
        await act()
        power = step in (Step.POWER_ON, Step.POWER_OFF)
        limit = self._limits.power_seconds if power else self._limits.media_seconds
        return await self._until(done, limit, f"{step.value}: the BMC accepted it, but it")

    async def _until(self, done: Callable[[Observation], bool], limit: float, what: str) -> Observation:
        started = self._clock.now()
        while not done(seen := await self._observe()):
            if self._clock.now() - started > limit:
                raise self._not_ready(
                    f"{what} does not show after {limit:.0f} s",
                    f"look at the server on its BMC, then {GO_ON}",
                )
            await self._leash.pause(self._limits.poll_seconds)
        return seen

    async def _look(self) -> tuple[Observation, Report | None]:
        # Either order will do: an attempt is only ended after another look at both.
        report = await self._report()
        return await self._observe(), report

    async def _observe(self) -> Observation:
        return await self._server.observe(self._media_url())

    async def _report(self) -> Report | None:
        claim = self._journal.claim
        report = await self._heard()
        if report is None or report.failure is not None:
            return None
        if report.image_sha256 not in (None, claim.image_sha256):
            raise self._not_ready(
                f"it was installed from an image with sha256 {report.image_sha256}, not {claim.image_sha256}",
                "find out who changed the image behind its URL; then pin the digest that is meant",
            )
        return report

    async def _heard(self) -> Report | None:
        """What the attempt in hand has said last: its system, or its installer when it gave up."""
        claim = self._journal.claim
        if claim.install_id is None:
            return None
        report = await self._last_report()
        return report if report is not None and report.install_id == claim.install_id else None

    async def _last_report(self) -> Report | None:
        """Of whatever installation."""
        return await self._reports.find(self._journal.claim.serial)

    def _media_url(self) -> str | None:
        claim = self._journal.claim
        if claim.image_url is None or claim.image_sha256 is None or claim.install_id is None:
            return None
        return Image(claim.image_url, claim.image_sha256).media_url(claim.install_id)

    async def _explained(self, work: Callable[[], Awaitable[_T]]) -> _T:
        return await explained(self._journal, work)

    def _not_ready(self, found: str, next_step: str) -> MachineNotReadyError:
        return MachineNotReadyError(self._journal.claim, found, next_step)

    def _quarantined(self) -> MachineError:
        claim = self._journal.claim
        return MachineNotReadyError(
            claim,
            f"quarantined after {claim.attempts} attempts with one image",
            "mend the server or the image; `pulumi up --replace` with this machine's URN, or another image,"
            " begins anew",
        )
