"""One operation on one machine: looking, acting, and proving whose the server is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from argosy_metal.budgets import HallBudgets
from argosy_metal.claims import Phase
from argosy_metal.lifecycle.decide import OFF, Observation, Step
from argosy_metal.lifecycle.driver import BootMethod
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.failure import MachineError, MachineNotReadyError
from argosy_metal.lifecycle.image import Image
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.limits import Limits
from argosy_metal.lifecycle.provisioning import Provisioning
from argosy_metal.lifecycle.reports import Report, Reports
from argosy_metal.lifecycle.server import Installer, Server
from argosy_metal.lifecycle.starting import starting
from argosy_metal.lifecycle.wiping import Wiper
from argosy_metal.redfish import Clock


async def _no_guard() -> None:
    return


@dataclass(frozen=True)
class Hands:
    """Everything that one operation works with."""

    server: Server
    reports: Reports
    provisioning: Provisioning
    wiper: Wiper
    budgets: HallBudgets
    limits: Limits
    clock: Clock
    leash: Leash
    guard: Callable[[], Awaitable[None]] = _no_guard
    """Asked before the power is cut. Raises MachineError for what must not be cut, such as a flash."""
    console_log: str = "the server's console log"
    """Where to read what an installer says, as a message names it."""


class Work:
    """Looks and acts. Every change is looked for: neither an answer nor its absence is proof."""

    def __init__(self, journal: Journal, hands: Hands) -> None:
        self.journal = journal
        self.hands = hands

    async def look(self) -> tuple[Observation, Report | None]:
        """The server, and the report of the attempt in hand's system."""
        # Either order will do: an attempt is only ended after another look at both.
        report = await self.report()
        seen = await self.observe()
        if report is not None and report.is_installed:
            return replace(seen, installer_is_done=True), None
        return seen, report

    async def observe(self) -> Observation:
        """The server. Raises RedfishError."""
        return await self.hands.server.observe(self.installer())

    async def report(self) -> Report | None:
        """What the system of the attempt in hand has said, or its installer that is done.

        Raises MachineNotReadyError for another image.
        """
        claim = self.journal.claim
        report = await self.heard()
        if report is None or report.failure is not None:
            return None
        if report.image_sha256 not in (None, claim.image_sha256):
            raise self.not_ready(
                f"it was installed from an image with sha256 {report.image_sha256}, not {claim.image_sha256}",
                "find out who changed the image behind its URL; then pin the digest that is meant",
            )
        return report

    async def heard(self) -> Report | None:
        """What the attempt in hand has said last: its system, or its installer when it gave up."""
        claim = self.journal.claim
        if claim.install_id is None:
            return None
        report = await self.last_report()
        return report if report is not None and report.install_id == claim.install_id else None

    async def last_report(self) -> Report | None:
        """Of whatever installation."""
        return await self.hands.reports.find(self.journal.claim.serial)

    def installer(self) -> Installer | None:
        """The installer of the attempt in hand; None if there is no attempt."""
        claim = self.journal.claim
        if claim.image_url is None or claim.image_sha256 is None or claim.install_id is None:
            return None
        method = BootMethod(claim.boot_method or BootMethod.VIRTUAL_MEDIA)
        key = self.hands.provisioning.image_key(claim.install_id)
        return Installer(Image(claim.image_url, claim.image_sha256).media_url(claim.install_id, key), method)

    async def act(
        self, step: Step, act: Callable[[], Awaitable[None]], done: Callable[[Observation], bool]
    ) -> Observation:
        """Do it once, and look until it shows."""
        self.hands.leash.check()
        await self.journal.assert_may_act()
        await act()
        power = step in (Step.POWER_ON, Step.POWER_OFF)
        limit = self.hands.limits.power_seconds if power else self.hands.limits.media_seconds
        return await self.until(done, limit, f"{step.value}: the BMC accepted it, but it")

    async def until(
        self, done: Callable[[Observation], bool], limit_seconds: float, what: str
    ) -> Observation:
        """Look until it shows. Raises MachineNotReadyError after `limit_seconds`."""
        started = self.hands.clock.now()
        while not done(seen := await self.observe()):
            if self.hands.clock.now() - started > limit_seconds:
                raise self.not_ready(
                    f"{what} does not show after {limit_seconds:.0f} s",
                    f"look at the server on its BMC, then {GO_ON}",
                )
            await self.hands.leash.pause(self.hands.limits.poll_seconds)
        return seen

    async def power_on(self, done: Callable[[Observation], bool]) -> Observation:
        """Switch on, when the feeds can bear it."""
        async with self.starting():
            return await self.act(Step.POWER_ON, self.hands.server.power_on, done)

    def starting(self) -> AbstractAsyncContextManager[None]:
        """Switch the server on inside the block, which is entered when the feeds can bear it."""
        return starting(self.journal.claim, self.hands.budgets.power_ons, self.hands.leash)

    async def power_off(self, act: Callable[[], Awaitable[None]]) -> Observation:
        """Switch off what is ours."""
        await self.assert_ours()
        await self.hands.guard()
        return await self.act(Step.POWER_OFF, act, lambda now: now.power == OFF)

    async def assert_ours(self) -> None:
        """Raise MachineError if a system has reported that neither we have installed nor was there before."""
        last = await self.last_report()
        if last is not None and not await self.journal.knows(last.install_id):
            raise self.not_ours(last)

    async def assert_runs(self) -> None:
        """Raise MachineError if another installation was reported than ours, which is recorded as running."""
        last = await self.last_report()
        if last is not None and last.install_id != self.journal.claim.install_id:
            raise self.runs_another(last)

    async def doubt(self, report: Report | None) -> MachineError | None:
        """What is wrong if a machine that is recorded as running has no `report` of its own."""
        if report is not None or self.journal.claim.phase is not Phase.RUNNING:
            return None
        return self.runs_another(await self.last_report())

    def runs_another(self, last: Report | None) -> MachineNotReadyError:
        """What to raise where a machine is recorded as running, and `last` does not say that it runs."""
        ours = self.journal.claim.install_id
        if last is None:
            found = f"the hall's service knows no report of install {ours}"
        elif last.install_id != ours:
            found = f"install {last.install_id} was reported last, and not ours, {ours}"
        else:
            said = "is done" if last.failure is None else f"gave up: {last.failure}"
            found = f"install {ours} has reported last that its installer {said}"
        return self.not_ready(
            f"{found}, which is recorded as running; it was left alone",
            f"look at what runs there ({self.hands.console_log}): if it is our system, reboot it, so that it"
            " reports again; if others have installed the server, find out who; if it is free, power it off"
            " by hand, and `pulumi up --replace` with this machine's URN installs it again",
        )

    def not_ours(self, last: Report | None) -> MachineError:
        """What to raise about a server that is on, and not by us."""
        install = f"install {last.install_id} was reported" if last else "no system has reported from it"
        return self.not_ready(
            "the server is not off, and what runs on it was not started by this claims store"
            f" ({install}); it was left alone",
            "find out whose it is: all runs of a hall must share one claims store; if it is free, power it"
            " off by hand, then run `pulumi up` again",
        )

    def not_ready(self, found: str, next_step: str) -> MachineNotReadyError:
        """What to raise when the server is not as it should be."""
        return MachineNotReadyError(self.journal.claim, found, next_step)
