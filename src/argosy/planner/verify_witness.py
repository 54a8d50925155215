"""Is each scenario's witness possible, and does it meet the floors? Recomputed from the fleet file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from argosy.errors import Shortfall
from argosy.planner.contingencies import NOMINAL, Scenario
from argosy.planner.effects import survivors
from argosy.planner.estate import Estate, HeldPool

if TYPE_CHECKING:
    from argosy.planner.models import Lock, ScenarioPlan
    from argosy.spec.models import DemandSpec

Witness = Mapping[str, Mapping[str, int]]


def unsized(demand: DemandSpec) -> Iterator[str]:
    """One sentence per service without a size; with one, nothing else here can be asked."""
    for service in demand.inference:
        if service.nodes is None:
            yield f"inference/{service.name}: the fleet file gives it no `nodes`, so its floors are unknown"


def shortfalls(demand: DemandSpec, scenarios: Sequence[Scenario], lock: Lock) -> Iterator[Shortfall]:
    """Every floor that a witness of the lock does not meet; raises ValueError for an unsized service."""
    plans = {(plan.id, plan.within): plan for plan in lock.scenarios}
    for scenario in scenarios:
        plan = plans.get(scenario.key)
        if plan is not None:
            yield from _shortfalls(demand, scenario, plan.witness)


def wrong_witnesses(
    demand: DemandSpec, estate: Estate, scenarios: Sequence[Scenario], lock: Lock
) -> Iterator[str]:
    """One sentence per scenario or witness that is not as the fleet file has it, or is impossible."""
    count = Counter((plan.id, plan.within) for plan in lock.scenarios)
    plans = {(plan.id, plan.within): plan for plan in lock.scenarios}
    wanted = {scenario.key for scenario in scenarios}
    for key in sorted(count):
        if key not in wanted:
            yield f"{_told(*key)}: `survive` does not ask for this scenario"
        elif count[key] > 1:
            yield f"{_told(*key)}: stands {count[key]} times in the lock"
    for scenario in scenarios:
        plan = plans.get(scenario.key)
        if plan is None:
            yield f"{_told(*scenario.key)}: the lock has no witness for this scenario"
            continue
        where = _told(*scenario.key)
        yield from (f"{where}: {reason}" for reason in _wrong(demand, estate, scenario, plan))


def _told(scenario: str, within: str) -> str:
    return scenario if within == "0" else f"{scenario} (within {within})"


def _floors(demand: DemandSpec, scenario: Scenario) -> dict[str, int]:
    floors: dict[str, int] = {}
    for service in demand.inference:
        if service.nodes is None:
            raise ValueError(f"inference/{service.name} is unsized")
        floors[f"inference/{service.name}"] = ceil(scenario.inference * service.nodes)
    if scenario.training:
        floors["training"] = ceil(scenario.training * sum(job.nodes for job in demand.training))
        for job in demand.training:
            if job.protected or scenario.id == NOMINAL:
                floors[f"training/{job.name}"] = job.nodes
    return {workload: nodes for workload, nodes in sorted(floors.items()) if nodes > 0}


def _shortfalls(demand: DemandSpec, scenario: Scenario, witness: Witness) -> Iterator[Shortfall]:
    served = {workload: sum(pools.values()) for workload, pools in witness.items()}
    served["training"] = sum(nodes for name, nodes in served.items() if name.startswith("training/"))
    for workload, needed in sorted(_floors(demand, scenario).items()):
        if served.get(workload, 0) < needed:
            yield Shortfall(scenario.id, scenario.within, workload, needed, served.get(workload, 0))


def _wrong(demand: DemandSpec, estate: Estate, scenario: Scenario, plan: ScenarioPlan) -> Iterator[str]:
    if plan.required != _floors(demand, scenario):
        yield f"states floors {plan.required}; the fleet file demands {_floors(demand, scenario)}"
    pools = {pool.id: pool for pool in estate.pools}
    yield from _misused(demand, plan.witness, pools)
    yield from _split_jobs(demand, plan.witness)
    yield from _overused(estate, scenario, plan.witness)


def _misused(demand: DemandSpec, witness: Witness, pools: Mapping[str, HeldPool]) -> Iterator[str]:
    accelerators = {
        f"{role}/{workload.name}": (role, workload.accelerator)
        for role, workloads in (("inference", demand.inference), ("training", demand.training))
        for workload in workloads
    }
    for workload, uses in sorted(witness.items()):
        if workload not in accelerators:
            yield f"serves {workload}, which the fleet file does not demand"
            continue
        role, fitting = accelerators[workload]
        for pool_id in sorted(uses):
            pool = pools.get(pool_id)
            if pool is None:
                yield f"{workload} uses {pool_id}, which is no pool of the fleet"
            elif pool.role != role:
                yield f"{workload} uses {pool_id}, a pool for {pool.role}"
            elif pool.accelerator not in fitting:
                yield f"{workload} uses {pool_id}, whose {pool.accelerator} it cannot run on"


def _split_jobs(demand: DemandSpec, witness: Witness) -> Iterator[str]:
    for job in demand.training:
        uses = witness.get(f"training/{job.name}")
        if uses is not None and list(uses.values()) != [job.nodes]:
            yield f"training/{job.name} runs on {dict(uses)}; it needs {job.nodes} nodes in one pool"


def _overused(estate: Estate, scenario: Scenario, witness: Witness) -> Iterator[str]:
    left = survivors(scenario.loss, estate)
    used: Counter[str] = Counter()
    for uses in witness.values():
        used.update(uses)
    for pool in estate.pools:
        usable = left.usable(pool, pool.role)
        if used[pool.id] > usable:
            yield f"{pool.id} serves with {used[pool.id]} nodes, of which {usable} are left"
