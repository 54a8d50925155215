"""The limit that `make bench-metal` compares us with."""

import importlib.util
import itertools
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from argosy_metal.simulator.boot_sources import BootableImage, BootOverride
from argosy_metal.simulator.machine import OPTICAL_SLOT, Machine
from argosy_metal.simulator.world import Durations


def _load() -> ModuleType:
    """The module in `benchmarks/`, which is no package."""
    path = Path(__file__).parents[3] / "benchmarks" / "metal_limit.py"
    spec = importlib.util.spec_from_file_location("metal_limit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


LIMIT: Any = _load()
STEPS = LIMIT.Steps(power_on=1, self_test=2, install=3, boot=2)
WIDE = LIMIT.Budgets(10_000, 10_000, 10_000, window_seconds=1)


def limits(machines: int, **budgets: Any) -> dict[str, float]:
    return dict(LIMIT.limits_seconds(machines, STEPS, replace(WIDE, **budgets)))


def test_a_servers_own_time_is_what_a_simulated_one_takes_from_the_order_to_start_until_it_reports():
    took = Durations(power_on=1, post=20, install=300, boot=4000)
    machine = Machine("SN1", took)
    machine.insert(OPTICAL_SLOT, BootableImage("https://p.test/node.iso?install=I1", "ab" * 32, "I1"))
    machine.set_override(BootOverride("Cd", "Once"))
    machine.reset("On", 0)
    machine.advance(10_000)

    heard = machine.state.phone_home
    assert heard is not None
    assert heard.booted_at == LIMIT.Steps(took.power_on, took.post, took.install, took.boot).reading


def test_without_a_narrow_budget_the_limit_is_one_servers_own_time():
    assert {"machines in flight": 10, "image readers": 10, "power-on": 10} == limits(1000)


def test_readers_come_in_waves_and_the_last_one_counts_in_full():
    assert 30 == limits(21, image_readers=10)["image readers"]
    assert 20 == limits(20, image_readers=10)["image readers"]


def test_machines_in_flight_come_in_waves():
    assert 50 == limits(25, machines_in_flight=5)["machines in flight"]


def test_each_group_of_starts_waits_for_the_one_before_it_to_be_seen_on_and_a_window_more():
    assert (4 - 1) * (1 + 3) + 10 == limits(8, starts_per_window=2, window_seconds=3)["power-on"]


def test_one_machine_waits_for_nobody():
    assert {10.0} == set(limits(1, machines_in_flight=1, image_readers=1, starts_per_window=1).values())


@pytest.mark.parametrize("name", ["machines_in_flight", "image_readers", "starts_per_window"])
def test_a_wider_budget_never_makes_it_longer(name: str):
    longest = [max(limits(97, **{name: width}).values()) for width in (1, 2, 3, 10, 96, 97, 98)]

    assert all(before >= after for before, after in itertools.pairwise(longest))


def greedy_seconds(machines: int, budgets: Any) -> float:
    """What a provider takes that loses no moment: an independent run of the same rules, event by event."""
    free = [0.0] * min(budgets.machines_in_flight, budgets.image_readers)
    starts: list[float] = []
    at_once: int = budgets.starts_per_window
    for _ in range(machines):
        free.sort()
        at = free[0]
        if len(starts) >= at_once:
            at = max(at, starts[-at_once] + STEPS.power_on + budgets.window_seconds)
        starts.append(at)
        free[0] = at + STEPS.reading
    return max(free)


@pytest.mark.parametrize("machines", [1, 7, 40, 100])
@pytest.mark.parametrize("readers", [1, 6, 50])
@pytest.mark.parametrize("starts", [1, 3, 20])
def test_no_schedule_that_keeps_the_budgets_is_quicker_and_a_perfect_one_comes_near(
    machines: int, readers: int, starts: int
):
    budgets = LIMIT.Budgets(60, readers, starts, window_seconds=2)

    limit, best = (
        max(LIMIT.limits_seconds(machines, STEPS, budgets).values()),
        greedy_seconds(machines, budgets),
    )

    assert limit <= best
    # Where two budgets bind in turn, one alone promises a little too much.
    assert best <= limit + STEPS.reading


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(ValueError, match="lets nothing happen at all"):
        replace(WIDE, image_readers=0)
    with pytest.raises(ValueError, match="lets nothing happen at all"):
        replace(WIDE, window_seconds=0)


def test_a_step_that_takes_less_than_no_time_is_refused():
    with pytest.raises(ValueError, match="boot is -1"):
        replace(STEPS, boot=-1)


def test_a_hall_without_machines_is_refused():
    with pytest.raises(ValueError, match="there must be one at least"):
        limits(0)
