"""Times the planner and the verifier on synthetic fleets, and prints what the documentation quotes.

    .venv/bin/python benchmarks/planner.py [--quick] [--markdown]

Every problem is planned in a process of its own, so that peak memory is its own. The bound is the optimum of
the linear program (with jobs split over kinds); `placed` is that program with the jobs where the plan has
them. Exit code 1: a figure is over its limit, or time grows faster than the number of pools.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from fleet_problem import Size, make_problem

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Limits:
    """What a row of the table may take at most, on two cores."""

    seconds: float
    megabytes: int
    gap_percent: float
    placed_percent: float


@dataclass(frozen=True)
class Row:
    name: str
    size: Size
    limits: Limits


_ALONE = Limits(8, 150, 0.1, 0.1)
_FEW = Limits(8, 150, 0.2, 0.2)
_GANGS = Limits(15, 200, 0.5, 0.2)
_MANY_GANGS = Limits(15, 200, 4, 0.2)

ROWS = (
    Row("100 x 20", Size(100, 20, 1_000), Limits(0.5, 150, 0.2, 0.2)),
    Row("500 x 50", Size(500, 50, 3_500), _FEW),
    Row("1,000 x 50", Size(1_000, 50, 6_000), _ALONE),
    Row("2,000 x 50", Size(2_000, 50, 11_000), _ALONE),
    Row("5,000 x 50", Size(5_000, 50, 25_000), _ALONE),
    Row("5,000 x 50, few nodes", Size(5_000, 50, 3_500), _FEW),
    Row("5,000 x 50, 20 gangs, about 4 %", Size(5_000, 50, 25_000, 20, 1_200), _GANGS),
    Row("5,000 x 50, 20 gangs, about 10 %", Size(5_000, 50, 11_000, 20, 1_500), _GANGS),
    Row("5,000 x 50, 20 gangs, about 20 %", Size(5_000, 50, 5_000, 20, 1_700), _MANY_GANGS),
)
GROWTH = ("500 x 50", "5,000 x 50")
VERIFY_SECONDS = 0.2
LOCK_SCENARIOS = 50


@dataclass(frozen=True)
class Figures:
    seconds: float
    verify_seconds: float
    megabytes: int
    gap_percent: float
    placed_percent: float
    nodes: int
    gang_percent: float


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--lock"]:
        print(json.dumps(verify_whole_lock(int(arguments[1]))))
        return 0
    if arguments[:1] == ["--one"]:
        print(json.dumps(asdict(measure(Size(**json.loads(arguments[1])), int(arguments[2])))))
        return 0
    seeds = SEEDS[:1] if "--quick" in arguments else SEEDS
    figures = {row.name: [in_process(row.size, seed) for seed in seeds] for row in ROWS}
    show(figures, "--markdown" in arguments)
    complaints = [*over_limits(figures), *grows_too_fast(figures), *slow_locks(seeds)]
    print("\n".join(complaints) or "every figure is within its limit")
    return 1 if complaints else 0


def in_process(size: Size, seed: int) -> Figures:
    command = [sys.executable, __file__, "--one", json.dumps(asdict(size)), str(seed)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Figures(**json.loads(done.stdout))


def measure(size: Size, seed: int) -> Figures:
    import resource

    from argosy.planner.solve import solve
    from argosy.planner.verify_witness import judge

    problem = make_problem(size, seed)
    start = time.perf_counter()
    plan = solve(problem)
    planned = time.perf_counter()
    # What is counted once per problem is not kept from the planner: the verifier starts afresh.
    again = make_problem(size, seed)
    before = time.perf_counter()
    wrong, short = judge(again, plan.held, plan.witnesses)
    verified = time.perf_counter()
    if wrong or short:
        raise SystemExit(f"a false plan: {wrong[:3]} {short[:3]}")
    gangs = sum(gang.nodes for gang in problem.gangs)
    nodes = sum(plan.held.values())
    return Figures(
        planned - start,
        verified - before,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        100 * plan.gap,
        100 * (plan.cost / plan.placed_bound - 1),
        nodes,
        100 * gangs / nodes,
    )


def verify_whole_lock(seed: int) -> list[float]:
    """Seconds in which `verify_plan` proves a lock of 5,000 pools: its problem built, all judged."""
    from fleet_file import make_fleet

    from argosy.catalog import load_catalog
    from argosy.planner.plan import plan_capacity
    from argosy.planner.verify import verify_plan

    fleet, catalog = make_fleet(5_000, seed), load_catalog()
    lock = plan_capacity(fleet, catalog, None)
    if len(lock.scenarios) != LOCK_SCENARIOS:
        raise SystemExit(f"{len(lock.scenarios)} scenarios, not {LOCK_SCENARIOS}")
    seconds: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        verify_plan(fleet, lock, catalog)
        seconds.append(time.perf_counter() - start)
    return seconds


def slow_locks(seeds: Sequence[int]) -> list[str]:
    medians: list[float] = []
    for seed in seeds:
        command = [sys.executable, __file__, "--lock", str(seed)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        medians.append(statistics.median(json.loads(done.stdout)))
    print(
        f"verify_plan on the lock of a fleet file of 5,000 pools x {LOCK_SCENARIOS}: {spread(medians, 2)} s"
    )
    return [f"{s:.2f} s to verify a whole lock" for s in medians if s > VERIFY_SECONDS]


HEADINGS = (
    "pools x scenarios",
    "nodes",
    "gangs' share (%)",
    "plan (s)",
    "verify (s)",
    "MB",
    "over the bound (%)",
    "jobs placed (%)",
)


def show(figures: dict[str, list[Figures]], markdown: bool) -> None:
    rows = [[name, *cells(found)] for name, found in figures.items()]
    if markdown:
        for row in (HEADINGS, ["---"] * len(HEADINGS), *rows):
            print("| " + " | ".join(row) + " |")
        return
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)


def cells(found: list[Figures]) -> list[str]:
    return [
        spread([f.nodes for f in found], 0),
        spread([f.gang_percent for f in found], 0),
        spread([f.seconds for f in found], 2),
        spread([f.verify_seconds for f in found], 3),
        spread([f.megabytes for f in found], 0),
        spread([f.gap_percent for f in found], 3),
        spread([f.placed_percent for f in found], 3),
    ]


def spread(values: list[float] | list[int], digits: int) -> str:
    low, high = f"{min(values):,.{digits}f}", f"{max(values):,.{digits}f}"
    return low if low == high else f"{low} to {high}"


def over_limits(figures: dict[str, list[Figures]]) -> list[str]:
    complaints: list[str] = []
    for row in ROWS:
        for figure in figures[row.name]:
            for name, found, limit in (
                ("seconds", figure.seconds, row.limits.seconds),
                ("MB", figure.megabytes, row.limits.megabytes),
                ("% over the bound", figure.gap_percent, row.limits.gap_percent),
                ("% over the placed bound", figure.placed_percent, row.limits.placed_percent),
                ("seconds to verify", figure.verify_seconds, VERIFY_SECONDS),
            ):
                if found > limit:
                    complaints.append(f"{row.name}: {found:.3f} {name}, over the limit of {limit}")
    return complaints


def grows_too_fast(figures: dict[str, list[Figures]]) -> list[str]:
    small, large = (statistics.median(f.seconds for f in figures[name]) for name in GROWTH)
    pools = {row.name: row.size.pools for row in ROWS}
    ratio, allowed = large / small, pools[GROWTH[1]] / pools[GROWTH[0]]
    print(f"from {GROWTH[0]} to {GROWTH[1]}: {allowed:.0f} times the pools, {ratio:.1f} times the time")
    return [f"time grew {ratio:.1f} times, pools {allowed:.0f} times"] if ratio > allowed else []


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
