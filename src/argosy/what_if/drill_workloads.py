"""What becomes of each workload: services, their regions, jobs, and training in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from argosy.planner.problem import MICRO, Row
from argosy.what_if.drill_model import Job, Recovery, Scope, Supply, Workload
from argosy.what_if.drill_time import Clock, slowest

if TYPE_CHECKING:
    from argosy.planner.problem import Holdings, Problem, Witness
    from argosy.what_if.drill_left import Remains

_NOTHING = Recovery(None, None, "nothing of it is kept")


def workloads_of(
    problem: Problem,
    held: Holdings,
    remains: Remains,
    witness: Witness,
    jobs: Sequence[Job],
    clock: Clock,
) -> Iterator[Workload]:
    """Every workload: services first, each before its regions; then training in all, and each job."""
    of_service: dict[str, list[Row]] = {}
    for row in problem.rows:
        of_service.setdefault(row.workload, []).append(row)
    for service, rows in of_service.items():
        parts = [_row(problem, held, remains, witness, row, clock) for row in rows]
        if rows[0].id != service:
            yield _sum(service, "service", parts, _supply_of_all(problem, remains, rows))
        yield from parts
    gangs = [_gang(problem, remains, job, clock) for job in jobs]
    if gangs:
        anywhere = {pool for gang in problem.gangs for pool in gang.pools}
        yield _training(problem, _supply(problem, remains, dict.fromkeys(anywhere, 1)), gangs)
    yield from gangs


def _row(
    problem: Problem, held: Holdings, remains: Remains, witness: Witness, row: Row, clock: Clock
) -> Workload:
    case = remains.now
    served = sum(row.rates[kind] * nodes for kind, nodes in witness.serves.get(row.id, {}).items()) // MICRO
    kinds = {pool: offerings[0].kind for pool, offerings in problem.in_pool.items()}
    rates = {pool: row.rates[kind] for pool, kind in kinds.items() if kind in row.rates}
    scope: Scope = "service" if row.id == row.workload else "region"
    left = _supply(problem, remains, rates, serving=True)
    kept = min(served, max(row.demand, case.floors.get(row.id, 0)))
    recovery = clock.of_row(row, held, case)
    floor = case.floors.get(row.id)
    return Workload(row.id, scope, row.unit, row.grain, row.demand, floor, left, kept, recovery)


def _supply_of_all(problem: Problem, remains: Remains, rows: Sequence[Row]) -> Supply:
    """What is left for any of the rows: a pool that may serve one region of users counts for the service."""
    kinds = {pool: offerings[0].kind for pool, offerings in problem.in_pool.items()}
    rates = {pool: max(row.rates.get(kind, 0) for row in rows) for pool, kind in kinds.items()}
    return _supply(problem, remains, {pool: rate for pool, rate in rates.items() if rate}, serving=True)


def _gang(problem: Problem, remains: Remains, job: Job, clock: Clock) -> Workload:
    gang = problem.gang[job.id]
    floor = gang.nodes if job.id in remains.now.jobs else None
    left = _supply(problem, remains, dict.fromkeys(gang.pools, 1))
    kept = gang.nodes if job.pool else 0
    return Workload(job.id, "job", "nodes", 1, gang.nodes, floor, left, kept, clock.of_job(job))


def _training(problem: Problem, left: Supply, gangs: Sequence[Workload]) -> Workload:
    total = _sum("training", "training", gangs, left)
    floor = problem.cases[1].training or None
    running = [gang.recovery for gang in gangs if gang.kept]
    recovery = slowest(running) if running else _NOTHING
    return Workload(total.id, "training", "nodes", 1, total.demand, floor, left, total.kept, recovery)


def _sum(name: str, scope: Scope, parts: Sequence[Workload], left: Supply) -> Workload:
    floors = [part.floor for part in parts if part.floor is not None]
    return Workload(
        name,
        scope,
        parts[0].unit,
        parts[0].grain,
        sum(part.demand for part in parts),
        sum(floors) if floors else None,
        left,
        sum(part.kept for part in parts),
        slowest(part.recovery for part in parts),
    )


def _supply(problem: Problem, remains: Remains, rates: Mapping[str, int], *, serving: bool = False) -> Supply:
    """What is left of pools, each at its rate, by how soon it can work."""
    unserving = remains.late.unserving if serving else frozenset[str]()

    def left(pool: str) -> int:
        return sum(remains.nodes(o.id, late=True) for o in problem.in_pool[pool] if o.id not in unserving)

    def total(pools: Iterable[str], nodes: Callable[[str], int] = left) -> int:
        return sum(rates[pool] * nodes(pool) for pool in pools)

    known = [pool for pool in rates if pool in problem.in_pool]
    cold = {pool for pool in known if remains.is_cold(pool)}
    lent = {pool for pool in known if serving and problem.in_pool[pool][0].kind in problem.convertible} - cold
    hot = [pool for pool in known if pool not in cold and pool not in lent]
    return Supply(total(hot), total(lent), total(cold), total(known, remains.hoped))
