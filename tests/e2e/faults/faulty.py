"""One faulty BMC in a hall: the others come up, it is told, and when it is mended the next `up` goes on."""

from __future__ import annotations

from dataclasses import replace

from argosy_metal.simulator import FaultRule

from .engine_model import MACHINE_TYPE, urn_of
from .invariants import assert_in_time, assert_keeps_secrets, assert_tells
from .memory_hall import PASSWORD, STACK, MemoryHall

FAULTY = "bmc-1.hall.test"
FAULTY_URN = urn_of(STACK, MACHINE_TYPE, "SN1")


def on_the_first(rule: FaultRule) -> FaultRule:
    """The rule for the BMC of server SN1 alone."""
    return replace(rule, host=FAULTY)


def assert_rides_over(hall: MemoryHall, rule: FaultRule, **more: int) -> None:
    """The fault passes by itself, and nobody has to run anything again."""
    hall.inject(on_the_first(rule))

    assert {} == hall.up()

    assert hall.simulation.faults.shown()[0]["matched"] >= 1, "the fault was never met"
    hall.assert_whole(**more)


def assert_fails_then_comes_up(hall: MemoryHall, rule: FaultRule, said: str = "", installs: int = 1) -> str:
    """The fault stays until it is mended. Returns what was told."""
    hall.inject(on_the_first(rule))
    before = hall.clock.now()

    failed = hall.up()

    assert_in_time(hall.clock.now() - before)
    assert [FAULTY_URN] == list(failed), failed
    told = failed[FAULTY_URN]
    assert_tells(told, "hall/SN1")
    assert_keeps_secrets([told, *map(str, hall.states[STACK].entries.values())], [PASSWORD])
    assert said in told, told
    others = {claim.phase.value for claim in hall.claims if claim.serial != "SN1"}
    assert others <= {"running"}, "one server's fault is not another's"
    hall.assert_safe()
    hall.clear_faults()
    hall.assert_whole(installs=installs)
    return told
