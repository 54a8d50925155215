"""A drill and the simulated hall say the same of a loss: who runs, and what every feed and unit carries."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.unit.planner.conftest import World, world

from argosy.planner.models import Lock
from argosy.what_if.drill import drill
from argosy.what_if.drill_model import Drill
from argosy_metal.commands.halls import simulator_of

from .simulated_halls import Hall, running

__all__ = ["world"]

MOMENTS = (0, 15, 240)
UNITS: tuple[dict[str, Any], ...] = (
    {"name": "gen-1", "kind": "generator", "rated_kw": 90, "minutes": 60, "start_seconds": 45},
    {"name": "gen-2", "kind": "generator", "rated_kw": 90, "minutes": 480, "start_seconds": 30},
    {"name": "ups-a", "kind": "ups", "rated_kw": 90, "minutes": 10, "parents": ["a"]},
    {"name": "ups-b", "kind": "ups", "rated_kw": 90, "minutes": 10, "parents": ["b", "gen-1"]},
    {"name": "board-c", "kind": "switchboard", "rated_kw": 90, "parents": ["c", "gen-2"]},
    {"name": "ups-c", "kind": "ups", "rated_kw": 90, "minutes": 10, "parents": ["board-c"]},
    *(
        {"name": f"{rack}-{feed}", "kind": "rack-pdu", "rated_kw": 50, "parents": [f"ups-{feed}"]}
        for rack in ("r1", "r2")
        for feed in "abc"
    ),
)
FEEDS = [
    {"name": "a", "rated_kw": 80, "supplier": "city-grid"},
    {"name": "b", "rated_kw": 80, "supplier": "city-grid"},
    {"name": "c", "rated_kw": 80, "supplier": "own-hydro"},
]
LOSSES = (
    *((f"feed oslo/{feed['name']}",) for feed in FEEDS),
    *((f"power unit oslo/{unit['name']}",) for unit in UNITS),
    ("feed oslo/a", "feed oslo/b"),
    ("feed oslo/a", "feed oslo/b", "feed oslo/c"),
    ("feed oslo/c", "power unit oslo/gen-2"),
)


def built(new: Callable[[], World]) -> World:
    """Four servers of which each needs four of its six supplies, on three feeds; a generator behind two."""
    servers = [
        {
            "serial": f"N{n}",
            "bmc": f"https://n{n}.oslo.test",
            "rack": f"r{n // 2 + 1}",
            "feeds": ["a", "b", "c"],
        }
        for n in range(4)
    ]
    power = {
        "pue": Decimal("1.2"),
        "feeds": FEEDS,
        "units": UNITS,
        "racks": {rack: [f"{rack}-{feed}" for feed in "abc"] for rack in ("r1", "r2")},
    }
    site = {"power": power, "simulator": {"directory": ".argosy/test/simulator"}}
    pool = {"server_type": "dgx-h200", "role": "inference", "nodes": 4}
    return new().hall("oslo", servers, site=site, serve=pool).serve("chat", 4)


@cache
def planned(new: Callable[[], World]) -> tuple[World, Lock]:
    made = built(new)
    return made, made.plan()


@contextmanager
def simulated(made: World, folder: Path) -> Generator[Hall]:
    """The same hall with all its servers at work."""
    config, _ = simulator_of(made.fleet())
    with running(config, folder) as hall:
        for n in range(4):
            state = hall.simulation.bmc(f"N{n}").machine.state
            state.power, state.boot_progress = "On", "OSRunning"
            hall.simulation.hall("oslo").settle(f"N{n}", 0)
        yield hall


def carried_by_drill(found: Drill) -> dict[str, float]:
    """Live feed or unit to kW, to a tenth."""
    kw = {one.name.partition("/")[2]: float(one.of) - float(one.left) for one in found.feeds}
    return {name: round(watts, 1) for name, watts in kw.items() if round(watts, 1)}


def carried_in_hall(hall: Hall) -> dict[str, float]:
    shown = hall.shown()
    kw = {name: one["watts"] / 1000 for name, one in (shown["feeds"] | shown["units"]).items()}
    return {name: watts for name, watts in kw.items() if watts}


def at_work(hall: Hall) -> int:
    return sum(hall.power(f"N{n}") == "On" for n in range(4))


@pytest.mark.parametrize("losses", LOSSES, ids=", ".join)
def test_a_drill_and_the_simulator_agree_on_a_hall_with_batteries_and_generators(
    world: Callable[[], World], losses: Sequence[str], tmp_path: Path
) -> None:
    made, lock = planned(world)
    with simulated(made, tmp_path) as hall:
        for words in losses:
            hall.cut(words)
        for minutes in MOMENTS:
            hall.pass_time(minutes * 60 - hall.clock.now())
            found = drill(made.fleet(), lock, made.catalog, losses, minutes)

            assert found.workloads[0].left.hot // found.workloads[0].grain == at_work(hall), minutes
            assert carried_by_drill(found) == pytest.approx(carried_in_hall(hall), abs=0.051), minutes
