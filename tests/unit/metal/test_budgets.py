"""Budgets: so many at once, in the order of arrival, and nothing stays taken by whoever has gone."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest

from argosy_metal.budgets import (
    DELETIONS_VARIABLE,
    BudgetLimits,
    Deletions,
    HallBudgets,
    NeverFitsError,
    Places,
    PowerOns,
    RolloutHaltedError,
    Rollouts,
    TooManyDeletionsError,
    deletions_allowed,
)
from argosy_metal.lifecycle.leash import StopRequestedError

from .stepped_clock import Line, SteppedClock

Spawn = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
async def spawn() -> AsyncGenerator[Spawn]:
    """Starts work that ends with the test at the latest."""
    tasks: list[asyncio.Task[Any]] = []

    def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Hold:
    """Takes a place, says so, and gives it back when it is let go."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.order: list[str] = []
        self._go: dict[str, asyncio.Event] = {}

    async def work(self, name: str, entering: Any) -> None:
        self._go[name] = asyncio.Event()
        async with entering:
            self.inside.append(name)
            self.order.append(name)
            await self._go[name].wait()
            self.inside.remove(name)

    def let_go(self, name: str) -> None:
        self._go[name].set()


async def test_no_more_than_there_are_places_are_inside_and_who_came_first_goes_first(
    clock: SteppedClock, spawn: Spawn
) -> None:
    places, hold = Places("machines", 2), Hold()
    lines = {name: Line(clock) for name in "abcd"}
    for name, line in lines.items():
        spawn(hold.work(name, places.one(line.leash)))
        await clock.settle()

    assert ["a", "b"] == hold.inside
    assert ["waits: there are 2 machines already; 1 wait before it"] == lines["d"].told
    hold.let_go("b")
    await clock.settle()
    hold.let_go("c")
    await clock.settle()
    assert (["a", "d"], list("abcd"), 2) == (hold.inside, hold.order, places.taken)


async def test_whoever_stops_waiting_leaves_nothing_taken(clock: SteppedClock, spawn: Spawn) -> None:
    places, hold = Places("machines", 1), Hold()
    lines = {name: Line(clock) for name in "abc"}
    tasks = {name: spawn(hold.work(name, places.one(line.leash))) for name, line in lines.items()}
    await clock.settle()

    lines["b"].stop.set()
    await clock.settle()
    with pytest.raises(StopRequestedError):
        await tasks["b"]
    hold.let_go("a")
    await clock.settle()

    assert (["c"], 1) == (hold.inside, places.taken)
    hold.let_go("c")
    await tasks["c"]
    assert 0 == places.taken


async def test_a_stop_in_the_moment_of_being_let_in_hands_the_place_on(
    clock: SteppedClock, spawn: Spawn
) -> None:
    places, hold = Places("machines", 1), Hold()
    lines = {name: Line(clock) for name in "abc"}
    for name, line in lines.items():
        spawn(hold.work(name, places.one(line.leash)))
        await clock.settle()

    hold.let_go("a")
    lines["b"].stop.set()
    await clock.settle()

    assert (["c"], 1) == (hold.inside, places.taken)


async def test_what_is_under_way_already_is_counted_and_not_held_back(
    clock: SteppedClock, spawn: Spawn
) -> None:
    places, hold = Places("machines", 1), Hold()
    spawn(hold.work("a", places.one(Line(clock).leash)))
    spawn(hold.work("b", places.one(Line(clock).leash, must_wait=False)))
    spawn(hold.work("c", places.one(Line(clock).leash)))
    await clock.settle()
    assert ["a", "b"] == hold.inside

    hold.let_go("a")
    await clock.settle()
    assert ["b"] == hold.inside, "c waits until those beyond the limit are gone as well"
    hold.let_go("b")
    await clock.settle()
    assert ["c"] == hold.inside


async def test_a_place_is_given_back_when_the_work_fails(clock: SteppedClock) -> None:
    places = Places("machines", 1)
    with pytest.raises(RuntimeError):
        async with places.one(Line(clock).leash):
            raise RuntimeError

    assert 0 == places.taken


class Hall:
    """Switches servers on and notes when."""

    def __init__(self, clock: SteppedClock, **limits: int) -> None:
        self.clock = clock
        self.power_ons = PowerOns(limits, 10.0, clock)
        self.on: list[tuple[float, str]] = []
        self.lines: dict[str, Line] = {}

    async def switch_on(self, name: str, *feeds: str, watts: int = 100, takes: float = 0.0) -> None:
        line = self.lines.setdefault(name, Line(self.clock))
        async with self.power_ons.one(feeds, watts, line.leash):
            if takes:
                await self.clock.sleep(takes)
            self.on.append((self.clock.now(), name))


async def test_servers_start_as_the_feed_can_bear_it(clock: SteppedClock, spawn: Spawn) -> None:
    hall = Hall(clock, a=200)
    for name in "12345":
        spawn(hall.switch_on(name, "a"))

    await clock.advance(30)

    assert [(0, "1"), (0, "2"), (10, "3"), (10, "4"), (20, "5")] == hall.on
    assert hall.lines["5"].told == [
        "waits to be switched on: within 10 s no more than 200 W on feed a may start; 2 wait before it",
        "waits no longer",
    ]


async def test_the_window_begins_when_a_server_is_seen_on_not_when_it_was_allowed(
    clock: SteppedClock, spawn: Spawn
) -> None:
    hall = Hall(clock, a=100)
    spawn(hall.switch_on("1", "a", takes=7.0))
    spawn(hall.switch_on("2", "a"))

    await clock.advance(30)

    assert [(7, "1"), (17, "2")] == hall.on


async def test_a_server_counts_on_each_of_its_feeds_and_those_on_others_need_not_wait(
    clock: SteppedClock, spawn: Spawn
) -> None:
    hall = Hall(clock, a=100, b=100, c=100)
    for name, feeds in (("1", "ab"), ("2", "ab"), ("3", "bc"), ("4", "c")):
        spawn(hall.switch_on(name, *feeds))
        await clock.settle()
    await clock.settle()

    # 4 comes after 3, which waits for feed b and so for its turn on feed c.
    assert [(0, "1")] == hall.on
    await clock.advance(35)
    assert [(0, "1"), (10, "2"), (20, "3"), (30, "4")] == hall.on


async def test_a_server_on_another_feed_passes_those_who_wait(clock: SteppedClock, spawn: Spawn) -> None:
    hall = Hall(clock, a=100, b=100)
    for name, feed in (("1", "a"), ("2", "a"), ("3", "b")):
        spawn(hall.switch_on(name, feed))
    await clock.settle()

    assert [(0, "1"), (0, "3")] == hall.on


async def test_a_small_server_does_not_pass_a_large_one(clock: SteppedClock, spawn: Spawn) -> None:
    hall = Hall(clock, a=100)
    for name, watts in (("1", 60), ("large", 100), ("small", 10)):
        spawn(hall.switch_on(name, "a", watts=watts))
        await clock.settle()
    await clock.advance(25)

    assert ["1", "large", "small"] == [name for _, name in hall.on]


async def test_a_small_server_does_not_pass_a_large_one_behind_others_on_another_feed(
    clock: SteppedClock, spawn: Spawn
) -> None:
    hall = Hall(clock, a=100, b=100)
    waiting = (("1", "a", 60), ("2", "b", 100), ("large", "a", 100), ("3", "b", 100), ("small", "a", 10))
    for name, feed, watts in waiting:
        spawn(hall.switch_on(name, feed, watts=watts))
        await clock.settle()
    assert [(0, "1"), (0, "2")] == hall.on

    await clock.advance(25)

    assert {(10, "large"), (10, "3"), (20, "small")} == set(hall.on[2:])


async def test_a_stop_in_the_moment_of_being_let_in_leaves_the_feed_to_the_next(
    clock: SteppedClock, spawn: Spawn
) -> None:
    hall = Hall(clock, a=100)
    tasks = {name: spawn(hall.switch_on(name, "a")) for name in "123"}
    await clock.settle()

    # The window is over, and it is the one who comes that lets in the first in line, who still sleeps.
    clock.time = 10.0
    spawn(hall.switch_on("4", "a"))
    hall.lines["2"].stop.set()
    await clock.settle()
    with pytest.raises(StopRequestedError):
        await tasks["2"]
    await clock.advance(25)

    assert [(0, "1"), (10, "3"), (20, "4")] == hall.on


async def test_whoever_stops_waiting_to_be_switched_on_frees_the_turn(
    clock: SteppedClock, spawn: Spawn
) -> None:
    hall = Hall(clock, a=100)
    tasks = {name: spawn(hall.switch_on(name, "a")) for name in "123"}
    await clock.settle()
    hall.lines["2"].stop.set()
    await clock.settle()
    with pytest.raises(StopRequestedError):
        await tasks["2"]

    await clock.advance(30)

    assert [(0, "1"), (10, "3")] == hall.on


async def test_a_feed_that_has_no_budget_holds_nobody_back(clock: SteppedClock) -> None:
    hall = Hall(clock)
    await hall.switch_on("1", "a", watts=10**9)

    assert [(0, "1")] == hall.on


async def test_a_server_that_could_never_start_is_refused_at_once(clock: SteppedClock) -> None:
    with pytest.raises(NeverFitsError):
        await Hall(clock, a=100).switch_on("1", "a", watts=101)


class Pool:
    """A pool whose machines are replaced."""

    def __init__(self, clock: SteppedClock, limit: int) -> None:
        self.clock = clock
        self.rollouts = Rollouts({"train": limit})
        self.down: list[str] = []
        self.lines: dict[str, Line] = {}

    async def take_down(self, urn: str) -> None:
        line = self.lines.setdefault(urn, Line(self.clock))
        await self.rollouts.begin(urn, "train", line.leash)
        self.down.append(urn)


async def test_a_rollout_takes_down_so_many_at_once_and_goes_on_as_they_come_back(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 2)
    for urn in "abcd":
        spawn(pool.take_down(urn))
        await clock.settle()
    assert ["a", "b"] == pool.down
    assert "2 machines of pool train are down to be replaced, and 2 may be" in pool.lines["d"].told[0]

    pool.rollouts.end("b", runs=True)
    await clock.settle()

    assert ["a", "b", "c"] == pool.down


async def test_a_rollout_whose_machines_do_not_come_back_leaves_the_others_as_they_are(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 2)
    tasks = {urn: spawn(pool.take_down(urn)) for urn in "abcd"}
    await clock.settle()

    pool.rollouts.end("a", runs=False)
    await clock.settle()
    assert not tasks["c"].done(), "one more may come back"
    pool.rollouts.end("b", runs=False)
    await clock.settle()

    for urn in "cd":
        with pytest.raises(RolloutHaltedError, match=r"2 machines of pool train .* have not come back"):
            await tasks[urn]
    assert ["a", "b"] == pool.down


async def test_a_machine_that_comes_back_after_all_lets_the_rollout_go_on(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 2)
    for urn in "ab":
        await pool.take_down(urn)
    pool.rollouts.end("a", runs=False)
    waiting = spawn(pool.take_down("c"))
    await clock.settle()

    pool.rollouts.end("a", runs=True)
    await clock.settle()

    assert waiting.done()


async def test_a_stop_ends_the_wait_for_a_rollout_and_the_next_in_line_is_not_held_up(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 1)
    tasks = {urn: spawn(pool.take_down(urn)) for urn in "abc"}
    await clock.settle()
    pool.lines["b"].stop.set()
    await clock.settle()
    with pytest.raises(StopRequestedError):
        await tasks["b"]

    pool.rollouts.end("a", runs=True)
    await clock.settle()

    assert ["a", "c"] == pool.down


async def test_whoever_comes_when_a_machine_has_come_back_does_not_pass_those_who_wait(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 1)
    for urn in "ab":
        spawn(pool.take_down(urn))
        await clock.settle()

    pool.rollouts.end("a", runs=True)
    spawn(pool.take_down("c"))
    await clock.settle()
    pool.rollouts.end("b", runs=True)
    await clock.settle()

    assert ["a", "b", "c"] == pool.down
    waits = [[told for told in pool.lines[urn].told if told.startswith("waits: ")] for urn in "bc"]
    assert [1, 1] == list(map(len, waits)), "each is told once why it waits"


async def test_whoever_comes_as_two_machines_have_come_back_goes_on_after_the_one_who_waits(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 2)
    for urn in "abc":
        spawn(pool.take_down(urn))
        await clock.settle()

    pool.rollouts.end("a", runs=True)
    pool.rollouts.end("b", runs=True)
    spawn(pool.take_down("d"))
    await clock.settle()

    assert ["a", "b", "c", "d"] == pool.down


async def test_a_machine_that_came_back_after_all_no_longer_counts_as_failed(
    clock: SteppedClock, spawn: Spawn
) -> None:
    pool = Pool(clock, 2)
    for urn in "ab":
        await pool.take_down(urn)
    pool.rollouts.end("a", runs=False)
    pool.rollouts.end("a", runs=True)
    await pool.take_down("c")

    pool.rollouts.end("b", runs=False)
    waiting = spawn(pool.take_down("d"))
    await clock.settle()
    pool.rollouts.end("c", runs=True)
    await waiting

    assert ["a", "b", "c", "d"] == pool.down


async def test_pools_without_a_limit_and_machines_that_are_down_already_do_not_wait(
    clock: SteppedClock,
) -> None:
    rollouts, line = Rollouts({"train": 1}), Line(clock)
    await rollouts.begin("a", "train", line.leash)
    await rollouts.begin("a", "train", line.leash)
    await rollouts.begin("b", "serve", line.leash)

    assert [] == line.told


def test_more_deletions_than_a_run_may_do_are_refused_with_what_would_allow_them() -> None:
    deletions = Deletions(2)
    for server in ("hall/SN1", "hall/SN2", "hall/SN1"):
        deletions.count(server)

    with pytest.raises(
        TooManyDeletionsError,
        match=r"hall/SN3 was left as it is.*2 machines.*has begun with hall/SN1, hall/SN2;"
        rf".*{DELETIONS_VARIABLE}=NUMBER",
    ):
        deletions.count("hall/SN3")
    deletions.count("hall/SN2")


def test_a_run_that_may_take_down_none_is_not_told_that_it_has_begun() -> None:
    with pytest.raises(TooManyDeletionsError, match="may take down 0 machines of this hall") as error:
        Deletions(0).assert_place("hall/SN1")

    assert "has begun" not in str(error.value)


def test_asking_for_a_place_takes_none() -> None:
    deletions = Deletions(1)
    deletions.assert_place("hall/SN1")

    deletions.count("hall/SN2")

    assert (False, True) == tuple(map(deletions.has_begun, ("hall/SN1", "hall/SN2")))


@pytest.mark.parametrize(
    ("configured", "variable", "expected"),
    [(2, None, 2), (2, " ", 2), (2, "7", 7), (2, "all", None), (None, None, None), (None, "0", 0)],
)
def test_a_person_may_raise_the_number_for_one_run(
    configured: int | None, variable: str | None, expected: int | None
) -> None:
    assert expected == deletions_allowed(configured, variable)


@pytest.mark.parametrize("variable", ["many", "-1", "1.5"])
def test_a_number_of_deletions_that_is_none_is_refused(variable: str) -> None:
    with pytest.raises(ValueError, match=f"given '{variable}'; expected a whole number, or 'all'"):
        deletions_allowed(2, variable)


async def test_the_halls_clock_makes_the_window_shorter_and_the_halls_own_seconds_are_told(
    clock: SteppedClock, spawn: Spawn
) -> None:
    limits = BudgetLimits(power_on_watts={"a": 100}, power_on_window_seconds=60)
    hall = Hall(clock)
    hall.power_ons = HallBudgets(limits, clock, 600).power_ons
    for name in "12":
        spawn(hall.switch_on(name, "a"))

    await clock.advance(1)

    assert [(0, "1"), (0.1, "2")] == hall.on
    assert "within 60 s no more than 100 W on feed a may start" in hall.lines["2"].told[0]


async def test_who_waited_tells_that_it_waits_no_longer_once_its_turn_has_come(
    clock: SteppedClock, spawn: Spawn
) -> None:
    places, hold = Places("machines", 1), Hold()
    lines = {name: Line(clock) for name in "ab"}
    for name, line in lines.items():
        spawn(hold.work(name, places.one(line.leash)))
        await clock.settle()
    assert ["waits: there are 1 machines already; 0 wait before it"] == lines["b"].told

    hold.let_go("a")
    await clock.settle()

    assert ([], "waits no longer") == (lines["a"].told, lines["b"].told[-1])
    pool = Pool(clock, 1)
    for urn in "ab":
        spawn(pool.take_down(urn))
        await clock.settle()
    pool.rollouts.end("a", runs=True)
    await clock.settle()

    assert ([], "waits no longer") == (pool.lines["a"].told, pool.lines["b"].told[-1])


async def test_a_run_replaces_no_more_of_a_group_than_it_may_also_after_the_first_has_come_back(
    clock: SteppedClock,
) -> None:
    rollouts, line = Rollouts({}, {"control-plane": 1}), Line(clock)
    await rollouts.begin("oslo/CP1", "control-plane", line.leash)
    rollouts.end("oslo/CP1", runs=True)
    await rollouts.begin("oslo/CP1", "control-plane", line.leash)

    with pytest.raises(RolloutHaltedError, match="this one has begun with oslo/CP1; see to it"):
        await rollouts.begin("oslo/CP2", "control-plane", line.leash)
