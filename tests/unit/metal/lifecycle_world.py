"""The world of the lifecycle's tests: one server as a model that counts, and runs one after another."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore
from argosy_metal.lifecycle import (
    BootMethod,
    Hands,
    Image,
    Installer,
    Journal,
    Leash,
    Limits,
    Machine,
    MachineNotReadyError,
    Observation,
    Offer,
    Report,
    Wanted,
    Wipe,
)
from argosy_metal.redfish import Clock

IMAGE = Image("https://provision.hall.test/images/node.iso", "a" * 64)
OTHER_IMAGE = Image("https://provision.hall.test/images/node.iso", "b" * 64)
POST_SECONDS, INSTALL_SECONDS = 120.0, 600.0


class Killed(BaseException):
    """The process dies here."""


class VirtualClock:
    """Sleeping moves it."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Hardware:
    """One server and its hall's service: a model that counts what is done to it."""

    clock: Clock
    power: str = "Off"
    media: str | None = None
    armed: Installer | None = None
    """What the next boot, and only that, starts."""
    powered_on_at: float = 0.0
    installing: str | None = None
    installs: int = 0
    report: Report | None = None
    installer_dies: bool = False
    installer_powers_off: bool = False
    """It says that it is done, and the system is to be started from the disk."""
    installer_lingers: bool = False
    """It says so, and leaves the server on."""
    installed: str | None = None
    installed_at: float = 0.0
    system_dies: bool = False
    digest: str = "a" * 64
    writes: list[str] = field(default_factory=list[str])
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    die_before: int | None = None
    die_after: int | None = None
    fail: Callable[[str], Exception | None] = lambda _operation: None

    async def observe(self, installer: Installer | None) -> Observation:
        self._age()
        self._may_fail("observe")
        if installer is not None and installer.method is not BootMethod.VIRTUAL_MEDIA:
            return Observation(self.power, False, False, self.armed == installer, needs_media=False)
        holds = installer is not None and self.media == installer.url
        return Observation(self.power, self.media is not None, holds, self.armed is not None)

    async def find(self, serial: str) -> Report | None:
        self._age()
        self._may_fail("find")
        return self.report

    async def power_on(self) -> None:
        with self._write("power_on"):
            if self.power == "Off":
                self.power, self.powered_on_at = "On", self.clock.now()

    async def power_off(self) -> None:
        with self._write("power_off"):
            self.power, self.installing = "Off", None

    async def shut_down(self) -> None:
        with self._write("shut_down"):
            self.power = "Off"

    async def insert(self, media_url: str) -> None:
        with self._write("insert"):
            assert self.media is None, "a drive that holds an image takes no other"
            self.media = media_url

    async def eject(self) -> None:
        with self._write("eject"):
            self.media = None

    async def boot_once(self, installer: Installer) -> None:
        with self._write("boot_once"):
            self.armed = installer

    async def boot_normally(self) -> None:
        with self._write("boot_normally"):
            self.armed = None

    async def offer(self, offer: Offer) -> None:
        self._may_fail("offer")
        self.offers[offer.install_id] = offer

    async def withdraw(self, install_id: str) -> None:
        self._may_fail("withdraw")
        self.offers.pop(install_id, None)

    def image_key(self, install_id: str) -> str:
        return f"key-of-{install_id}"

    def fault(self, wipe: Wipe) -> str | None:
        return "it cannot" if wipe.policy == "metadata" else None

    async def wipe(self, wipe: Wipe) -> str:
        with self._write("wipe"):
            assert self.power == "Off", "a wipe begins with a server that is off"
            return f'{{"wiped": "{wipe.stored}"}}'

    def _age(self) -> None:
        up = self.clock.now() - self.powered_on_at
        if self.power == "On" and self.armed and up >= POST_SECONDS:
            network = self.armed.method is not BootMethod.VIRTUAL_MEDIA
            self.installing = self.armed.url if network else self.media
            self.armed = None
            self.installs += 1
        if self.power == "On" and self.installing and self.installer_dies:
            self.power, self.installing = "Off", None
        if self.power == "On" and self.installing and up >= POST_SECONDS + INSTALL_SECONDS:
            install_id = self.installing.partition("install=")[2].partition("&")[0]
            powers_off = self.installer_powers_off
            self.installing, self.installed = None, install_id if powers_off else None
            self.report = Report(install_id, f"boot-{install_id}", self.digest, is_installed=powers_off)
            if powers_off and not self.installer_lingers:
                self.power = "Off"
            self.installed_at = self.clock.now()
        started = self.power == "On" and self.powered_on_at >= self.installed_at and up >= POST_SECONDS
        if started and self.installed:
            if self.system_dies:
                self.power = "Off"
            else:
                self.report = Report(self.installed, f"boot-{self.installed}", self.digest)

    def _may_fail(self, operation: str) -> None:
        if (error := self.fail(operation)) is not None:
            raise error

    def _write(self, name: str) -> "_Write":
        self._age()
        self._may_fail(name)
        return _Write(self, name)


class _Write:
    def __init__(self, hardware: Hardware, name: str) -> None:
        self._hardware, self._name = hardware, name

    def __enter__(self) -> None:
        if len(self._hardware.writes) == self._hardware.die_before:
            self._hardware.die_before = None
            raise Killed
        self._hardware.writes.append(self._name)

    def __exit__(self, *_: object) -> None:
        if len(self._hardware.writes) == self._hardware.die_after:
            self._hardware.die_after = None
            raise Killed


class World:
    """A claimed server, and runs that come one after another."""

    def __init__(self, folder: Path, clock: Any = None) -> None:
        self.clock = clock or VirtualClock()
        self.hardware = Hardware(self.clock)
        self.path = folder / "claims.sqlite"
        self.runs = 0
        self.stop = asyncio.Event()
        self.limits = Limits()
        self.budgets = HallBudgets(BudgetLimits(), self.clock)
        self.told: list[str] = []
        self.flashing = False
        record = {"feeds": ["a", "b"], "startupWatts": 10_000}
        self.begin_run().claim(Claim("hall", "SN1", "train/slot-01", "lab/local", "urn", 0, record))

    def begin_run(self) -> SqliteClaimStore:
        self.runs += 1
        self.store = SqliteClaimStore(self.path, RunIdentity(f"run-{self.runs}"))
        return self.store

    @property
    def claim(self) -> Claim:
        found = self.store.find("hall", "SN1")
        assert found is not None
        return found

    async def guard(self) -> None:
        if self.flashing:
            raise MachineNotReadyError(self.claim, "a firmware update runs", "wait")

    def machine(self, seconds: float | None = None) -> Machine:
        hands = Hands(
            server=self.hardware,
            reports=self.hardware,
            provisioning=self.hardware,
            wiper=self.hardware,
            budgets=self.budgets,
            guard=self.guard,
            limits=self.limits,
            clock=self.clock,
            leash=Leash(self.clock, seconds, self.stop, self.told.append),
        )
        return Machine(Journal(self.store, self.claim), hands)

    async def up(
        self, wanted: Wanted | Image = IMAGE, *, online: bool = True, seconds: float | None = None
    ) -> Any:
        self.begin_run()
        wanted = Wanted(wanted) if isinstance(wanted, Image) else wanted
        return await self.machine(seconds).bring_up(wanted, online=online)
