"""One input, one lock: neither the order of what is written nor Python's hashes decide anything."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.planner.fleets import PRICES, open_fleet, priced, shuffle_world, shuffled

from argosy.planner.lock import render_lock
from argosy.planner.plan import plan_capacity
from argosy.planner.problem import Problem
from argosy.planner.solve import Solution, solve

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
ROOT = Path(__file__).resolve().parents[3]
SHUFFLES = 20

MEDIUM = """
import json, sys
from argosy.catalog import load_catalog
from argosy.planner.lock import render_lock
from argosy.planner.plan import plan_capacity
from argosy.planner.solve import solve
from tests.unit.planner.conftest import World
from tests.e2e.planner.fleets import PRICES, open_fleet, priced
sys.path.append("benchmarks")
from fleet_problem import Size, make_problem
made = open_fleet(World(load_catalog()))
print(render_lock(plan_capacity(priced(made.fleet(), PRICES), made.catalog, None)))
solution = solve(make_problem(Size(100, 20, 1000, 10, 300), 1))
print(json.dumps([solution.held, [[w.serves, w.jobs] for w in solution.witnesses], solution.cost]))
"""


def lock_of(made: World) -> str:
    return render_lock(plan_capacity(priced(made.fleet(), PRICES), made.catalog, None))


def without_hashes_of_the_fleet_file(lock: str) -> dict[str, Any]:
    """The order of a list is part of what the fleet file says, and so of its hash."""
    return {key: value for key, value in json.loads(lock).items() if key not in ("spec_sha256", "spec_parts")}


def test_the_order_of_mappings_and_of_servers_changes_no_byte_of_the_lock(world: NewWorld) -> None:
    lock = lock_of(open_fleet(world()))

    for seed in range(SHUFFLES):
        other = shuffle_world(open_fleet(world()), random.Random(seed), lists=False)
        assert lock == lock_of(other)


def test_the_order_of_lists_changes_nothing_but_the_hash_of_the_fleet_file(world: NewWorld) -> None:
    lock = without_hashes_of_the_fleet_file(lock_of(open_fleet(world())))

    for seed in range(SHUFFLES):
        other = shuffle_world(open_fleet(world()), random.Random(seed), lists=True)
        assert lock == without_hashes_of_the_fleet_file(lock_of(other))


def test_another_price_changes_the_lock(world: NewWorld) -> None:
    """Else the tests above could not fail."""
    made = open_fleet(world())
    dearer = priced(made.fleet(), PRICES | {("gcp/a3-ultragpu-8g", "on-demand"): 80.0})

    assert lock_of(made) != render_lock(plan_capacity(dearer, made.catalog, None))


def test_the_shuffles_do_change_the_order(world: NewWorld) -> None:
    def order(made: World) -> list[str]:
        return [*made.sites, *[job["name"] for job in made.training]]

    orders = {
        tuple(order(shuffle_world(open_fleet(world()), random.Random(seed), lists=True)))
        for seed in range(SHUFFLES)
    }
    assert len(orders) > SHUFFLES // 2


@pytest.fixture(scope="module")
def medium() -> Problem:
    spec = importlib.util.spec_from_file_location("fleet_problem", ROOT / "benchmarks" / "fleet_problem.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules["fleet_problem"] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module.make_problem(module.Size(100, 20, 1000, 10, 300), 1)


def reordered(problem: Problem, draw: random.Random) -> Problem:
    nominal, *cases = problem.cases
    return dataclasses.replace(
        problem,
        offerings=tuple(_shuffle(problem.offerings, draw)),
        rows=tuple(
            dataclasses.replace(row, rates=shuffled(row.rates, draw, lists=False))
            for row in _shuffle(problem.rows, draw)
        ),
        gangs=tuple(
            dataclasses.replace(
                gang,
                pools=shuffled(gang.pools, draw, lists=False),
                home_pools=frozenset(_shuffle(gang.home_pools, draw)),
            )
            for gang in _shuffle(problem.gangs, draw)
        ),
        cases=(
            nominal,
            *(
                dataclasses.replace(
                    case,
                    lost=frozenset(_shuffle(case.lost, draw)),
                    floors=shuffled(case.floors, draw, lists=False),
                )
                for case in _shuffle(cases, draw)
            ),
        ),
        limits=tuple(
            dataclasses.replace(limit, coefficients=shuffled(limit.coefficients, draw, lists=False))
            for limit in _shuffle(problem.limits, draw)
        ),
    )


def _shuffle(values: Any, draw: random.Random) -> list[Any]:
    found = list(values)
    draw.shuffle(found)
    return found


def test_the_order_of_a_large_problem_decides_nothing(medium: Problem) -> None:
    def told(solution: Solution) -> Any:
        return dict(solution.held), solution.witnesses, solution.cost, solution.bound, dict(solution.chains)

    first = told(solve(medium))

    for seed in range(4):
        assert first == told(solve(reordered(medium, random.Random(seed))))


def test_the_hash_seed_of_python_decides_nothing() -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", MEDIUM],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in ("0", "1", "42")
    ]
    outputs = [run.communicate()[0] for run in runs]

    assert [0, 0, 0] == [run.returncode for run in runs]
    assert b'"pools"' in outputs[0]
    assert {outputs[0]} == set(outputs)
