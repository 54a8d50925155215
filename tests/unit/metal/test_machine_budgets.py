"""Machines keep the hall's budgets while they come up, and waiting for one is no failure."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Phase
from argosy_metal.lifecycle import InterruptedMachineError, Limits, MachineNotReadyError

from .lifecycle_world import Killed, World
from .stepped_clock import SteppedClock

_HOUR = 3600.0


class Hall:
    """Several servers that share budgets and a clock; writes down the most that ever happened at once."""

    def __init__(self, folder: Path, servers: int, **limits: Any) -> None:
        self.clock = SteppedClock()
        self.budgets = HallBudgets(BudgetLimits(**limits), self.clock)
        self.worlds: list[World] = []
        for number in range(servers):
            (folder / str(number)).mkdir()
            world = World(folder / str(number), self.clock)
            world.budgets, world.limits = self.budgets, Limits(poll_seconds=60.0)
            self.worlds.append(world)
        self.tasks: list[asyncio.Task[Any]] = []

    def up(self, **more: Any) -> None:
        self.tasks = [asyncio.ensure_future(world.up(**more)) for world in self.worlds]

    async def run(self, seconds: float, look: Any = lambda: None) -> None:
        """Let time pass, and look twice a minute."""
        for _ in range(int(seconds / 30)):
            await self.idle()
            look()
            await self.clock.advance(30)
        await self.idle()

    async def idle(self) -> None:
        """Until nobody can do anything without time."""
        await self.clock.settle()

    def installing(self) -> int:
        """Servers that are on and have not reported."""
        return sum(w.hardware.power == "On" and w.hardware.report is None for w in self.worlds)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def halls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Any]:
    async def at_once(work: Any, *arguments: Any, **named: Any) -> Any:
        return work(*arguments, **named)

    # Threads would take real time, of which this clock knows nothing.
    monkeypatch.setattr(asyncio, "to_thread", at_once)
    made: list[Hall] = []

    def make(servers: int, **limits: Any) -> Hall:
        made.append(Hall(tmp_path, servers, **limits))
        return made[-1]

    yield make
    for hall in made:
        await hall.close()


async def test_no_more_machines_are_at_work_than_the_hall_allows(halls: Any) -> None:
    hall = halls(4, machines_in_flight=2)
    most: list[int] = []
    hall.up()
    await hall.run(_HOUR, lambda: most.append(sum(w.claim.phase is not Phase.CLAIMED for w in hall.worlds)))

    assert all(world.claim.phase is Phase.RUNNING for world in hall.worlds)
    assert 2 == most[1], "and the others begin only when these run"


async def test_no_more_servers_read_the_image_than_the_hall_allows(halls: Any) -> None:
    hall = halls(5, image_readers=2)
    most: list[int] = []
    hall.up()
    await hall.run(_HOUR, lambda: most.append(hall.installing()))

    assert 2 == max(most)
    assert all(world.claim.phase is Phase.RUNNING for world in hall.worlds)


async def test_no_more_watts_start_in_a_window_than_the_feeds_can_bear(halls: Any) -> None:
    hall = halls(4, power_on_watts={"a": 20_000, "b": 100_000}, power_on_window_seconds=60.0)
    hall.up()
    await hall.run(240)

    starts = sorted(world.hardware.powered_on_at for world in hall.worlds if world.hardware.power == "On")
    assert 4 == len(starts)
    assert all(later - earlier >= 60.0 for earlier, later in zip(starts, starts[2:], strict=False))


async def test_people_are_told_what_a_machine_waits_for(halls: Any) -> None:
    hall = halls(2, image_readers=1)
    hall.up()
    await hall.run(60)

    told = [line for world in hall.worlds for line in world.told]
    assert ["waits: there are 1 machines installing in this hall already; 0 wait before it"] == told


async def test_the_time_a_machine_waits_is_not_taken_from_its_own(halls: Any) -> None:
    hall = halls(3, machines_in_flight=1)
    hall.up(seconds=1500.0)
    await hall.run(_HOUR)

    assert all(world.claim.phase is Phase.RUNNING for world in hall.worlds)


@pytest.mark.parametrize(
    ("limits", "phase"),
    [
        ({"machines_in_flight": 1}, Phase.CLAIMED),
        ({"image_readers": 1}, Phase.BOOTING),
        ({"power_on_watts": {"a": 10_000}, "power_on_window_seconds": 3600.0}, Phase.BOOTING),
    ],
)
async def test_a_stop_is_heard_while_a_machine_waits_for_a_budget(
    halls: Any, limits: Any, phase: Phase
) -> None:
    hall = halls(2, **limits)
    hall.up()
    await hall.run(30)
    (waiting,) = [world for world in hall.worlds if world.told]
    writes = list(waiting.hardware.writes)

    waiting.stop.set()
    await hall.idle()

    with pytest.raises(InterruptedMachineError, match=f"phase {phase.value}: the run was told to stop"):
        await hall.tasks[hall.worlds.index(waiting)]
    assert writes == waiting.hardware.writes
    waiting.stop.clear()
    hall.tasks = [*hall.tasks, asyncio.ensure_future(waiting.up())]
    await hall.run(1.5 * _HOUR)
    assert all(world.claim.phase is Phase.RUNNING for world in hall.worlds), "nothing stayed taken"


async def test_a_machine_that_runs_waits_for_nothing(halls: Any) -> None:
    hall = halls(1)
    hall.up()
    await hall.run(_HOUR / 3)
    hall.budgets.machines.limit = 0

    hall.up()
    await hall.idle()

    assert hall.tasks[0].done()


async def test_a_server_that_installs_already_is_counted_among_the_readers_and_not_held_back(
    halls: Any,
) -> None:
    hall = halls(2, image_readers=1)
    first = hall.worlds[0]
    first.hardware.die_after = 3
    with pytest.raises(Killed):
        await first.up()
    hall.up()
    await hall.run(60)

    assert 1 == hall.installing(), "the other one waits"
    await hall.run(_HOUR)
    assert all(world.claim.phase is Phase.RUNNING for world in hall.worlds)


async def test_a_server_that_the_feeds_could_never_start_is_told_with_the_budget(halls: Any) -> None:
    hall = halls(1, power_on_watts={"a": 9_999})
    hall.up()
    await hall.run(30)

    with pytest.raises(
        MachineNotReadyError, match=r"10000 W start at once, and 9999 W may .*raise the hall's"
    ):
        await hall.tasks[0]


async def test_taking_down_keeps_to_the_number_of_machines_at_work(halls: Any) -> None:
    hall = halls(2, machines_in_flight=1)
    hall.up()
    await hall.run(_HOUR)
    holder = asyncio.Event()

    async def hold() -> None:
        async with hall.budgets.machines.one(hall.worlds[0].machine()._work.hands.leash):
            await holder.wait()

    hall.tasks = [asyncio.ensure_future(hold())]
    await hall.idle()
    hall.tasks.append(asyncio.ensure_future(hall.worlds[1].machine().take_down()))
    await hall.idle()
    assert "On" == hall.worlds[1].hardware.power

    holder.set()
    await hall.run(60)
    assert "Off" == hall.worlds[1].hardware.power


async def test_a_machine_whose_system_has_reported_reads_the_image_no_more(world: World) -> None:
    world.budgets = HallBudgets(BudgetLimits(image_readers=1), world.clock)
    taken: dict[str, int] = {}
    world.hardware.fail = lambda operation: taken.update({operation: world.budgets.image_readers.taken})

    await world.up()

    assert (1, 0) == (taken["power_on"], taken["eject"])
