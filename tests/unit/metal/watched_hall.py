"""A simulated hall in memory in which every write to a server is judged as it comes.

What a run may do is known here from outside: who owns a server, who has switched it on, whether another run
has taken over. The provider has to find it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.boot_sources import BootableImage
from argosy_metal.simulator.machine import OPTICAL_SLOT, PhoneHome
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request

from ...e2e.faults.boundaries import Boundaries, Killed
from ...e2e.faults.engine_model import Engine, Part
from ...e2e.faults.invariants import (
    assert_claims_file_is_sound,
    assert_nothing_is_lost,
    assert_one_owner,
    assert_state_is_valid,
)
from ...e2e.faults.memory_hall import MemoryHall
from ...e2e.faults.warped_time import run_warped

STACKS: tuple[str, ...] = ("lab/local", "lab/other")
Cut = tuple[Literal["kill", "overtake"], int]
"""What becomes of a run, and at which of its call boundaries, counted from 1."""
_STRANGE = "https://provision.hall.test/images/node.iso?install=strange-{number}"
_LEFT = "https://provision.hall.test/images/left.iso"
_A_WHILE_SECONDS = 120.0
_WRITES_IN_HAND = 1
"""A write that was permitted just before another run took over cannot be called back."""


class Overtaken(Boundaries):
    """At one boundary another run of the same stack begins to write; this one lives on."""

    def __init__(self, at: int, take_over: Callable[[], None]) -> None:
        super().__init__()
        self._at = at
        self._take_over = take_over

    def cross(self, name: str) -> None:
        """Go on, whatever happens."""
        super().cross(name)
        if len(self.names) == self._at:
            self._take_over()


class WatchedHall(MemoryHall):
    """Two servers, two stacks, outsiders, and a list of all that must not have happened."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch, servers=2, server_type="plain")
        self.trespasses: list[str] = []
        self.strangers: set[str] = set()
        """Serials of servers that are on, and not by us."""
        self.swapped: set[str] = set()
        self.started: Counter[tuple[str, str | None]] = Counter()
        """Installer starts by serial and install id."""
        self._stack = STACKS[0]
        self._is_overtaken = False
        self._late: Counter[str] = Counter()
        self._strange = 0
        self._looker = SqliteClaimStore(self.claims_path, RunIdentity("looker"))
        self._answer = self.simulation.answer
        monkeypatch.setattr(self.simulation, "answer", self._judged)
        for serial in self.serials:
            machine = self.simulation.bmc(serial).machine
            start = getattr(machine, "_start_installer")  # noqa: B009 - the one place where an install begins
            monkeypatch.setattr(machine, "_start_installer", partial(self._installer_starts, serial, start))

    def claim_on(self, serial: str) -> Claim | None:
        return self._looker.find("hall", serial)

    def works(
        self, stack: str, work: Callable[[Engine], Any], cut: Cut | None = None
    ) -> Mapping[str, str] | None:
        """One run; what it tells by URN, or None if it was killed."""
        self._stack, self._is_overtaken, self._late = stack, False, Counter()
        self.simulation.advance()
        try:
            told: Mapping[str, str] = self._run(stack, work, cut)
        except Killed:
            return None
        for message in told.values():
            assert "Traceback" not in message, message
        return told

    def brings_up(
        self, stack: str, parts: Iterable[tuple[Part, Part]], cut: Cut | None = None
    ) -> Mapping[str, str] | None:
        wanted = list(parts)
        return self.works(stack, lambda engine: engine.up(wanted), cut)

    def declared(
        self, serial: str, stack: str, image: Mapping[str, str], *, online: bool, wipes: bool
    ) -> tuple[Part, Part]:
        """A server's claim and machine."""
        claim, machine = self.parts(serial, stack, image)
        more = {"online": online} | ({"wipe": {"policy": "erase"}} if wipes else {})
        return claim, replace(machine, inputs={**machine.inputs, **more})

    def press_off(self, serial: str) -> None:
        """Somebody holds the power button."""
        self._press(serial, on=False)
        self.strangers.discard(serial)

    def press_on(self, serial: str) -> None:
        """Somebody presses the power button; what no attempt of ours may have booted is theirs then."""
        claim = self.claim_on(serial)
        is_off = self.simulation.bmc(serial).machine.state.power == "Off"
        if is_off and (claim is None or not claim.may_be_on_by_us):
            self.strangers.add(serial)
        self._press(serial, on=True)

    def stranger_installs(self, serial: str) -> None:
        """Somebody with another claims store installs their own system, and it reports."""
        self._strange += 1
        self.simulation.advance()
        install_id = f"strange-{self._strange}"
        image = BootableImage(_STRANGE.format(number=self._strange), "c" * 64, install_id)
        state = self.simulation.bmc(serial).machine.state
        state.media.pop(OPTICAL_SLOT, None)
        state.override = type(state.override)()
        state.parts.break_erases()
        state.power, state.boot_progress, state.pending = "On", "OSRunning", None
        state.installing, state.installed = None, image
        state.phone_home = PhoneHome(
            serial, image.sha256, image.url, install_id, f"boot-{install_id}", self.clock.now()
        )
        self.strangers.add(serial)

    def leave_medium(self, serial: str) -> None:
        """Somebody leaves an image of their own in the drive."""
        media = self.simulation.bmc(serial).machine.state.media
        media.setdefault(OPTICAL_SLOT, BootableImage(_LEFT, "d" * 64, None))

    def swap_hardware(self, serial: str) -> None:
        """Another server answers at the address."""
        host = self.simulation.bmc(serial).server.bmc_host
        self.inject(FaultRule("wrong-serial", host=host))
        self.swapped.add(serial)

    def undo_swap(self, serial: str) -> None:
        """The right server is back."""
        self.swapped.discard(serial)
        self.clear_faults()
        for other in sorted(self.swapped):
            self.swap_hardware(other)

    def pass_time(self, seconds: float = _A_WHILE_SECONDS) -> None:
        self.clock.advance(seconds)
        self.simulation.advance()

    def assert_harmless(self) -> None:
        """Nothing has happened that must not; I1, I2 and I5 hold, outsiders' servers aside."""
        assert not self.trespasses, self.trespasses
        sight = self.sight
        ours = {server: power for server, power in sight.powers.items() if server[5:] not in self.strangers}
        known = {stack: sight.known.get(stack, frozenset()) for stack in STACKS}
        assert_one_owner(sight)
        assert_nothing_is_lost(replace(sight, powers=ours, known=known))
        if self.claims_path.exists():
            assert_claims_file_is_sound(self.claims_path)
        for snapshot in self.states.values():
            assert_state_is_valid(snapshot.deployment(), is_settled=False)

    def close(self) -> None:
        self._looker.close()
        super().close()

    def _run(self, stack: str, work: Callable[[Engine], Any], cut: Cut | None) -> Mapping[str, str]:
        kind, at = cut or ("kill", None)
        self.boundaries = Boundaries(at)
        if kind == "overtake" and at is not None:
            self.boundaries = Overtaken(at, lambda: self._take_over(stack))
        engine = self.engine(stack)

        async def live() -> Mapping[str, str]:
            await engine.configure(self.config)
            return await work(engine)

        try:
            return run_warped(self.clock, live())
        finally:
            engine.close()

    def _take_over(self, stack: str) -> None:
        self.runs += 1
        newer = SqliteClaimStore(self.claims_path, RunIdentity(f"run-{self.runs}"))
        newer.assert_may_write(stack)
        newer.close()
        # A run counts from its first write on: one that has written nothing yet will be the newest itself.
        self._is_overtaken = any(name.endswith("is written") for name in self.boundaries.names)

    def _press(self, serial: str, *, on: bool) -> None:
        self.simulation.advance()
        self.simulation.bmc(serial).machine.press_button(on=on, now=self.clock.now())
        self.simulation.advance()

    def _judged(self, host: str, request: Request, password: str | None = None) -> Reply:
        bmc = self.simulation.bmc_of_host(host)
        if bmc is not None and request.method not in ("GET", "HEAD") and "/Sessions" not in request.path:
            bmc.advance()
            self.trespasses += (
                f"{request.method} {request.path} of {self._stack} on {bmc.server.serial}: {why}"
                for why in self._faults(bmc, request)
            )
        return self._answer(host, request, password)

    def _faults(self, bmc: Bmc, request: Request) -> Iterable[str]:
        serial = bmc.server.serial
        claim = self.claim_on(serial)
        if claim is None or claim.owner != self._stack:
            yield f"it is {claim.owner if claim else 'nobody'}'s"
        if serial in self.swapped:
            yield "it is other hardware than was claimed"
        if serial in self.strangers and not _tidies_up(bmc, request):
            yield "somebody else has switched it on"
        self._late[serial] += self._is_overtaken
        if self._late[serial] > _WRITES_IN_HAND:
            yield "another run has taken over"

    def _installer_starts(
        self, serial: str, start: Callable[[BootableImage, float], None], image: BootableImage, at: float
    ) -> None:
        before = self.simulation.bmc(serial).machine.state.counters.installs_started
        start(image, at)
        if self.simulation.bmc(serial).machine.state.counters.installs_started == before:
            return
        self.started[serial, image.install_id] += 1
        if self.started[serial, image.install_id] > 1:
            self.trespasses.append(f"{serial} is installed a second time for one attempt: {asdict(image)}")


def _tidies_up(bmc: Bmc, request: Request) -> bool:
    """Whether it takes back what we have left ourselves, which harms nobody."""
    if request.path.endswith("EjectMedia"):
        medium = bmc.machine.state.media.get(OPTICAL_SLOT)
        return medium is not None and "strange" not in medium.url and medium.url != _LEFT
    return request.method == "PATCH" and b'"BootSourceOverrideEnabled": "Disabled"' in request.body
