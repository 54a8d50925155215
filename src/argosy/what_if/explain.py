"""Why a plan is as it is: for each pool of a verified lock what holds its size, and what it has to spare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argosy.planner.build import build_problem
from argosy.planner.offerings import holdings, pool_facts
from argosy.planner.plan import chains_of
from argosy.planner.problem import MICRO
from argosy.what_if.explain_why import Why, why_not_less
from argosy.what_if.explain_worth import Worth, worths

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock, ScenarioPlan
    from argosy.planner.offerings import PoolFacts
    from argosy.planner.problem import Case, Problem
    from argosy.spec.loader import LoadedFleet

Spare = Mapping[tuple[str, str], int]
"""(scenario, time) to whole nodes that nothing uses there."""


@dataclass(frozen=True)
class PoolReport:
    """One pool of a lock."""

    id: str
    nodes: int
    low: int
    high: int
    """Fewest and most nodes that the fleet file allows, quota and reservation taken in."""
    why: Why | None
    """Why it does not hold fewer; None where it holds nothing."""
    kind: str
    """Pools of one kind stand in for each other, so that they have their spare nodes in common."""
    spare: Spare
    lent: int
    """Nodes that run jobs which may be stopped with nothing lost, of a pool for inference."""

    @property
    def least_spare(self) -> int:
        """Spare nodes in the scenario that leaves fewest."""
        return min(self.spare.values(), default=0)


@dataclass(frozen=True)
class Explanation:
    """What `argosy explain` tells."""

    pools: tuple[PoolReport, ...]
    worths: tuple[Worth, ...]
    """Claimed by the linear program."""


def explain_lock(
    fleet: LoadedFleet, catalog: Catalog, lock: Lock, only: Sequence[str] | None = None
) -> Explanation:
    """Every pool of the lock, or `only` these; the lock must have been verified. Raises WitnessError."""
    problem, held, chains = build_problem(fleet, catalog), holdings(fleet, lock.pools), chains_of(lock)
    facts = {pool.id: pool for pool in pool_facts(fleet, catalog)}
    spare = spare_of_kinds(problem, held, lock)
    reports = [
        _report(
            problem, lock, pool, why_not_less(problem, catalog, held, chains, pool), spare.get(pool.kind, {})
        )
        for pool in facts.values()
        if only is None or pool.id in only
    ]
    return Explanation(tuple(reports), tuple(worths(fleet, problem, chains, facts)))


def _report(problem: Problem, lock: Lock, pool: PoolFacts, why: Why | None, spare: Spare) -> PoolReport:
    low, high = pool.bounds
    lent = 0
    if pool.spec.role == "inference":
        jobs = lock.scenarios[0].jobs.items()
        lent = sum(problem.gang[job].pools[pool.id] for job, where in jobs if where == pool.id)
    return PoolReport(pool.id, lock.pools[pool.id].nodes, low, high, why, pool.kind, spare, lent)


def spare_of_kinds(problem: Problem, held: Mapping[str, int], lock: Lock) -> dict[str, Spare]:
    """Kind to its spare nodes by scenario: what stands and runs, less what the witness uses of it."""
    plans = {(plan.id, plan.within): plan for plan in lock.scenarios}
    found: dict[str, dict[tuple[str, str], int]] = {offering.kind: {} for offering in problem.offerings}
    for case in problem.cases:
        for kind, nodes in _spare_in(problem, held, case, plans[case.key]).items():
            found[kind][case.key] = nodes
    return dict(found)


def _spare_in(problem: Problem, held: Mapping[str, int], case: Case, plan: ScenarioPlan) -> dict[str, int]:
    left = dict.fromkeys((offering.kind for offering in problem.offerings), 0)
    for offering in problem.offerings:
        if offering.id not in case.lost:
            on = plan.powered.get(offering.id, 0) if offering.id in case.capped else held.get(offering.id, 0)
            left[offering.kind] += on * MICRO
    for kinds in plan.serves.values():
        for kind, micro_nodes in kinds.items():
            left[kind] -= micro_nodes
    for job, pool in plan.jobs.items():
        left[problem.in_pool[pool][0].kind] -= problem.gang[job].pools[pool] * MICRO
    return {kind: max(0, micro_nodes) // MICRO for kind, micro_nodes in left.items()}
