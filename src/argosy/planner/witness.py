"""A way to serve what must remain in a scenario, or what is missing.

Workloads use pools of their own role, on an accelerator that they name. Training jobs run whole inside one
pool (one fabric); services are spread over pools at will.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argosy.errors import Shortfall
from argosy.planner.contingencies import Scenario
from argosy.planner.effects import Survivors, survivors
from argosy.planner.estate import Estate
from argosy.planner.floors import TRAINING, required_nodes
from argosy.planner.flow import assign
from argosy.planner.gangs import MAX_STEPS, Gang, Placement, place_gangs
from argosy.planner.models import ScenarioPlan
from argosy.planner.reasons import reasons

if TYPE_CHECKING:
    from argosy.spec.models import DemandSpec


@dataclass(frozen=True)
class Witness:
    """The scenario as the lock holds it, and every floor that it does not meet."""

    plan: ScenarioPlan
    shortfalls: tuple[Shortfall, ...]


def find_witness(
    demand: DemandSpec, estate: Estate, scenario: Scenario, homes: Mapping[str, str] | None = None
) -> Witness:
    """The scenario's witness. A job stays in its home pool (job name to pool) where that is possible."""
    required = required_nodes(demand, scenario)
    left = survivors(scenario.loss, estate)
    serving, missing_service = _serve(demand, estate, scenario, required, left)
    training, missing_training = _train(demand, estate, scenario, required, left, homes or {})
    plan = ScenarioPlan(id=scenario.id, within=scenario.within, required=required, witness=serving | training)
    return Witness(plan, (*missing_service, *missing_training))


def homes_of(nominal: ScenarioPlan) -> dict[str, str]:
    """Where each job runs with nothing lost."""
    return {
        workload.partition("/")[2]: next(iter(pools))
        for workload, pools in nominal.witness.items()
        if workload.startswith(f"{TRAINING}/")
    }


def _eligible(estate: Estate, accelerators: tuple[str, ...], role: str) -> frozenset[str]:
    return frozenset(
        pool.id for pool in estate.pools if pool.role == role and pool.accelerator in accelerators
    )


def _serve(
    demand: DemandSpec, estate: Estate, scenario: Scenario, required: Mapping[str, int], left: Survivors
) -> tuple[dict[str, dict[str, int]], list[Shortfall]]:
    services = {f"inference/{service.name}": service for service in demand.inference}
    floors = {workload: nodes for workload, nodes in required.items() if workload in services}
    eligible = {name: _eligible(estate, services[name].accelerator, "inference") for name in floors}
    served = assign({pool.id: left.usable(pool, "inference") for pool in estate.pools}, floors, eligible)
    missing = [
        Shortfall(
            scenario.id,
            scenario.within,
            workload,
            floors[workload],
            sum(pools.values()),
            "; ".join(reasons(scenario.loss, estate, eligible[workload], "inference")),
        )
        for workload, pools in served.items()
        if sum(pools.values()) < floors[workload]
    ]
    return served, missing


def _train(
    demand: DemandSpec,
    estate: Estate,
    scenario: Scenario,
    required: Mapping[str, int],
    left: Survivors,
    homes: Mapping[str, str],
) -> tuple[dict[str, dict[str, int]], list[Shortfall]]:
    if TRAINING not in required:
        return {}, []
    gangs = [
        Gang(
            job.name,
            job.nodes,
            _home_first(_eligible(estate, job.accelerator, TRAINING), homes.get(job.name)),
            must_run=f"{TRAINING}/{job.name}" in required,
        )
        for job in demand.training
    ]
    room = {pool.id: left.usable(pool, TRAINING) for pool in estate.pools}
    placement = place_gangs(gangs, room, required[TRAINING])
    nodes = {gang.name: gang.nodes for gang in gangs}
    witness = {f"{TRAINING}/{job}": {pool: nodes[job]} for job, pool in sorted(placement.pool_of.items())}
    return witness, _missing_training(scenario, estate, gangs, room, placement, required[TRAINING])


def _home_first(pools: frozenset[str], home: str | None) -> tuple[str, ...]:
    return tuple(sorted(pools, key=lambda pool: (pool != home, pool)))


def _missing_training(
    scenario: Scenario,
    estate: Estate,
    gangs: list[Gang],
    room: Mapping[str, int],
    placement: Placement,
    enough: int,
) -> list[Shortfall]:
    free = dict(room)
    running = [gang for gang in gangs if gang.name in placement.pool_of]
    for gang in running:
        free[placement.pool_of[gang.name]] -= gang.nodes
    bound = [] if placement.complete else [f"the search stopped at its bound of {MAX_STEPS} steps"]

    def why(pools: Iterable[str]) -> list[str]:
        return list(reasons(scenario.loss, estate, frozenset(pools), TRAINING))

    missing = [
        Shortfall(
            scenario.id,
            scenario.within,
            f"{TRAINING}/{gang.name}",
            gang.nodes,
            max((free[pool] for pool in gang.pools), default=0),
            "; ".join([*(bound or ["a job runs whole in one pool"]), *why(gang.pools)]),
        )
        for gang in sorted(gangs, key=lambda gang: gang.name)
        if gang.must_run and gang not in running
    ]
    total = sum(gang.nodes for gang in running)
    if not missing and total < enough:
        reason = "; ".join([*bound, *why(pool for gang in gangs for pool in gang.pools)])
        missing.append(Shortfall(scenario.id, scenario.within, TRAINING, enough, total, reason))
    return missing
