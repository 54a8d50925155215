"""F12: two runs at once: of one stack, as when its lock was deleted, and of two stacks with one wish."""

from __future__ import annotations

import asyncio

import pytest

from .boundaries import Boundaries
from .engine_model import Engine
from .memory_hall import STACK, MemoryHall, NewHall
from .warped_time import run_warped

OTHER = "lab/other"


def both(hall: MemoryHall, stacks: tuple[str, str], seconds: float) -> tuple[dict[str, str], dict[str, str]]:
    """Two runs; the second begins so many seconds after the first. What failed in each."""
    hall.boundaries = Boundaries()
    engines = [hall.engine(stack) for stack in stacks]
    # Each has read the state when it began, and writes its own over it.
    engines[1].snapshot = engines[0].snapshot.copy() if stacks[0] == stacks[1] else engines[1].snapshot

    async def run(engine: Engine, stack: str, wait: float) -> dict[str, str]:
        await asyncio.sleep(wait)
        await engine.configure(hall.config)
        return await engine.up([hall.parts(serial, stack) for serial in hall.serials])

    async def together() -> tuple[dict[str, str], dict[str, str]]:
        return await asyncio.gather(run(engines[0], stacks[0], 0), run(engines[1], stacks[1], seconds))

    try:
        return run_warped(hall.clock, together())
    finally:
        for engine in engines:
            engine.close()
        if stacks[0] == stacks[1]:
            hall.states[STACK] = engines[1].snapshot


@pytest.mark.parametrize("seconds", [0, 0.05, 0.3, 0.5, 1, 2, 6, 12, 25])
def test_of_two_runs_of_one_stack_the_newer_one_goes_on_alone(new_hall: NewHall, seconds: float) -> None:
    hall = new_hall()

    first, _ = both(hall, (STACK, STACK), seconds)

    assert all("a newer run" in told or "changed by someone else" in told for told in first.values()), first
    hall.assert_safe()
    hall.assert_whole()


@pytest.mark.parametrize("seconds", [0, 0.05, 1, 12])
def test_of_two_stacks_that_want_the_same_servers_each_server_gets_one(
    new_hall: NewHall, seconds: float
) -> None:
    hall = new_hall()

    first, second = both(hall, (STACK, OTHER), seconds)

    assert {} == first
    assert len(hall.serials) == len(second)
    assert all(f"is owned by stack {STACK}" in told for told in second.values())
    assert {STACK} == {claim.owner for claim in hall.claims}
    hall.assert_safe()
    hall.assert_whole()
    assert {} == hall.destroy(OTHER)
    assert ["running"] * len(hall.serials) == hall.phases, "what another stack takes down is never ours"
