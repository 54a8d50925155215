"""A hall of two servers as a state machine: stacks, runs that die or are overtaken, outsiders, older states.

Hypothesis looks for a series of events after which something has happened that must not (`WatchedHall`), a
server was installed more often than anybody asked for, or what there is cannot be given back any more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ...e2e.faults.engine_model import Engine, Snapshot
from ...e2e.faults.memory_hall import IMAGE, OTHER_IMAGE
from .watched_hall import STACKS, Cut, WatchedHall

SERIALS: tuple[str, ...] = ("SN1", "SN2")
IMAGES: tuple[Mapping[str, str], ...] = (IMAGE, OTHER_IMAGE)
_MOST_BOUNDARIES = 100
"""An `up` of one server crosses about ninety."""
OUTSIDERS: Mapping[str, Callable[[WatchedHall, str], None]] = {
    "holds the power button": WatchedHall.press_off,
    "presses the power button": WatchedHall.press_on,
    "installs a system of their own": WatchedHall.stranger_installs,
    "leaves an image in the drive": WatchedHall.leave_medium,
    "puts another server in its place": WatchedHall.swap_hardware,
    "puts the right server back": WatchedHall.undo_swap,
}
# Mostly one stack on one server: what must not happen mostly needs no more.
stacks = st.sampled_from((STACKS[0], STACKS[0], STACKS[1]))
serials = st.sampled_from(("SN1", "SN1", "SN2"))
cuts = st.tuples(st.sampled_from(("kill", "overtake")), st.integers(1, _MOST_BOUNDARIES))


class HallStates(RuleBasedStateMachine):
    """Whatever happens in whatever order, the invariants hold after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.patches = pytest.MonkeyPatch()
        self.hall = WatchedHall(Path(self.folder.name), self.patches)
        self.images: dict[str, int] = {}
        """What was asked for last on a claimed server."""
        self.asked_for = dict.fromkeys(SERIALS, 0)
        """Installations that somebody asked for, or made necessary."""
        self.backups: list[tuple[str, Snapshot]] = []

    def teardown(self) -> None:
        self.hall.close()
        self.patches.undo()
        self.folder.cleanup()

    @rule(
        stack=stacks,
        servers=st.sampled_from((SERIALS[:1], SERIALS[:1], SERIALS)),
        image=st.sampled_from((0, 0, 0, 1)),
        online=st.sampled_from((True, True, True, False)),
        wipes=st.sampled_from((False, False, True)),
        cut=st.one_of(st.none(), cuts),
    )
    def up(
        self,
        stack: str,
        servers: tuple[str, ...],
        image: int = 0,
        online: bool = True,
        wipes: bool = False,
        cut: Cut | None = None,
    ) -> None:
        """A stack brings servers up, to the end or not."""
        for serial in servers:
            self._ask_for(stack, serial, image)
        parts = [
            self.hall.declared(serial, stack, IMAGES[image], online=online, wipes=wipes) for serial in servers
        ]
        self.hall.brings_up(stack, parts, cut)

    @rule(stack=stacks, cut=st.one_of(st.none(), cuts))
    def destroy(self, stack: str, cut: Cut | None = None) -> None:
        """A stack takes everything down that its state knows."""
        for serial in SERIALS:
            self._disturb(serial, by=stack)
        self.hall.works(stack, lambda engine: engine.destroy(), cut)

    @rule(stack=stacks)
    def refresh(self, stack: str) -> None:
        """A stack's state is brought up to date."""
        self.hall.works(stack, lambda engine: engine.refresh())

    @rule(stack=stacks)
    def back_up(self, stack: str) -> None:
        """Somebody keeps a copy of a state."""
        self.backups.append((stack, self.hall.states.setdefault(stack, Snapshot()).copy()))

    @rule(number=st.integers(0, 9))
    def restore(self, number: int) -> None:
        """Somebody puts an older state back; the first one is empty."""
        backups = [(STACKS[0], Snapshot()), *self.backups]
        stack, snapshot = backups[number % len(backups)]
        self.hall.states[stack] = snapshot.copy()
        for serial in SERIALS:
            self._disturb(serial, by=stack)

    @rule(serial=serials, does=st.sampled_from(sorted(OUTSIDERS)))
    def outsider(self, serial: str, does: str) -> None:
        """Somebody does something to a server that no run knows of."""
        self._disturb(serial)
        OUTSIDERS[does](self.hall, serial)

    @rule(seconds=st.sampled_from((1, 5, 120)))
    def pass_time(self, seconds: int) -> None:
        """Nobody does anything."""
        self.hall.pass_time(float(seconds))

    @rule()
    def give_everything_back(self) -> None:
        """The outsiders leave, every stack takes up what is its own and gives it back; nothing is left."""
        for serial in SERIALS:
            self.hall.undo_swap(serial)
        for serial in sorted(self.hall.strangers):
            self.outsider(serial, "holds the power button")
        self.pass_time(120)
        for stack in STACKS:
            self._give_back(stack)
        self.pass_time(120)
        assert () == self.hall.claims
        assert {"Off"} == {server["power"] for server in self.hall.servers.values()} - {
            self.hall.servers[serial]["power"] for serial in self.hall.strangers
        }
        assert not any(snapshot.entries for snapshot in self.hall.states.values())

    @invariant()
    def nothing_has_happened_that_must_not(self) -> None:
        """Ownership, other people's servers, fencing, one install per attempt; I1, I2, I5."""
        self.hall.assert_harmless()

    @invariant()
    def no_server_is_installed_more_often_than_was_asked_for(self) -> None:
        """A run that dies or is overtaken is no reason to install anew."""
        for serial, asked in self.asked_for.items():
            installs = sum(count for (of, _), count in self.hall.started.items() if of == serial)
            assert installs <= asked, f"{serial} was installed {installs} times, asked for {asked} times"

    def _give_back(self, stack: str) -> None:
        works: tuple[Callable[[Engine], Any], ...] = (Engine.refresh, Engine.destroy)
        self.hall.works(stack, works[0])
        for serial in SERIALS:
            claim = self.hall.claim_on(serial)
            if claim is not None and claim.owner == stack:
                # A claim that a killed run left, or an older state has forgotten, is adopted by its name.
                self.up(stack, (serial,), self.images.get(serial, 0))
        self.destroy(stack)

    def _ask_for(self, stack: str, serial: str, image: int) -> None:
        claim = self.hall.claim_on(serial)
        if claim is not None and claim.owner != stack:
            return
        if claim is None or self.images.get(serial) != image:
            self.asked_for[serial] += 1
        self.images[serial] = image

    def _disturb(self, serial: str, by: str | None = None) -> None:
        """What is there may have to be installed anew; `by` a stack: if it is that stack's."""
        claim = self.hall.claim_on(serial)
        if by is None or (claim is not None and claim.owner == by):
            self.asked_for[serial] += 1
