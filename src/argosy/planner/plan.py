"""From fleet file, catalogue and the previous lock to a lock with a witness for every scenario.

Equal inputs give equal locks, byte for byte. While the previous lock's sizes still keep every floor, and cost
at most `BAND` more than today's bound, they stay: a price that moves a little moves no node.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import argosy
from argosy.catalog.pools import node_type_of
from argosy.errors import Fault, FleetError, InfeasiblePlanError
from argosy.planner.build import build_problem
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts, spec_parts
from argosy.planner.infeasible import explain_conflict
from argosy.planner.models import SCHEMA_VERSION, Claim, Lock, PoolPlan, ScenarioPlan
from argosy.planner.offerings import Cell, cell_of, holdings, offering_in_cell, zones_of
from argosy.planner.problem import Problem
from argosy.planner.slots import PoolWish, bind_slots
from argosy.planner.solve import NoPlanError, Solution, keep, solve
from argosy.sizing.fleet import fleet_sizings
from argosy.spec.models import CloudSiteSpec, HallSpec

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import NodePoolSpec

BAND = Fraction(3, 100)
"""How far above today's bound a plan may cost and still stay as it is. Re-solving daily under small price
moves would move nodes for gains below the moves' own cost (docs/explanation/planner.md)."""


def plan_capacity(
    fleet: LoadedFleet, catalog: Catalog, previous: Lock | None, *, fresh: bool = False
) -> Lock:
    """The lock of a fleet; `fresh` lets the previous lock keep nothing but its slots.

    Raises FleetError for what cannot be planned at all, InfeasiblePlanError with the statements that
    conflict, NotInCatalogError for a type that the catalogue lacks.
    """
    faults = list(unplannable(fleet, catalog))
    if faults:
        raise FleetError(faults)
    problem = build_problem(fleet, catalog)
    kept = None if previous is None or fresh else _kept(fleet, problem, previous)
    solution = kept if kept is not None and _is_near(kept.cost, kept.bound) else None
    if solution is None:
        solution = _solve_unless_kept(fleet, catalog, problem, previous, kept)
    pools = _hold(fleet, solution.held, previous)
    return _lock(fleet, catalog, problem, solution, pools)


def keep_sizes(fleet: LoadedFleet, catalog: Catalog, previous: Lock) -> Lock | None:
    """The previous plan's sizes, on the servers that it names; None if they do not keep every floor any more.

    Empty slots are filled, as in any plan. Nothing is solved anew. Raises FleetError as `plan_capacity` does.
    """
    faults = list(unplannable(fleet, catalog))
    if faults:
        raise FleetError(faults)
    problem = build_problem(fleet, catalog)
    kept = _kept(fleet, problem, previous)
    if kept is None:
        return None
    return _lock(fleet, catalog, problem, kept, _hold(fleet, kept.held, previous))


def _lock(
    fleet: LoadedFleet,
    catalog: Catalog,
    problem: Problem,
    solution: Solution,
    pools: dict[str, PoolPlan],
) -> Lock:
    facts = plan_facts(fleet, catalog, pools)
    return Lock(
        schema_version=SCHEMA_VERSION,
        fleet=fleet.spec.name,
        argosy_version=argosy.__version__,
        spec_sha256=fleet.sha256,
        spec_parts=spec_parts(fleet.spec),
        facts_sha256=sha256_of(facts),
        facts=facts,
        pools=pools,
        claim=Claim(
            solver=solution.solver,
            cost_usd_per_hour=_usd(solution.cost),
            bound_usd_per_hour=_usd(solution.bound),
            gap_percent=f"{solution.gap * 100:.3f}",
        ),
        scenarios=tuple(
            ScenarioPlan(
                id=case.id,
                within=case.within,  # pyright: ignore[reportArgumentType]
                serves={row: dict(kinds) for row, kinds in witness.serves.items()},
                jobs=dict(witness.jobs),
                powered=dict(witness.powered),
            )
            for case, witness in zip(problem.cases, solution.witnesses, strict=True)
        ),
    )


def _usd(micro_dollars: int) -> str:
    return f"{Decimal(micro_dollars) / 1_000_000:.2f}"


def _is_near(cost: int, other: int) -> bool:
    return cost <= other * (1 + BAND)


def _solve_unless_kept(
    fleet: LoadedFleet, catalog: Catalog, problem: Problem, previous: Lock | None, kept: Solution | None
) -> Solution:
    """A new plan; the kept one where the new one, which no bound may come near, is not the band cheaper."""
    if kept is None:
        return _solve(fleet, catalog, problem, previous)
    try:
        found = _solve(fleet, catalog, problem, previous)
    except InfeasiblePlanError:  # the search found nothing, but there is a plan: the one that is kept
        return kept
    return kept if _is_near(kept.cost, found.cost) else found


def _kept(fleet: LoadedFleet, problem: Problem, previous: Lock) -> Solution | None:
    """The plan with the previous sizes and homes, if they keep every floor."""
    known = {pool: plan for pool, plan in previous.pools.items() if _still_there(fleet, pool)}
    held = holdings(fleet, known)
    if not held.keys() <= problem.offering.keys():
        return None
    return keep(problem, held, chains_of(previous))


def _still_there(fleet: LoadedFleet, pool: str) -> bool:
    site, _, name = pool.partition("/")
    return site in fleet.spec.sites and name in fleet.spec.sites[site].node_pools


def chains_of(lock: Lock) -> dict[str, tuple[str, ...]]:
    """Job to the pools it sits in over all scenarios of the lock, home first."""
    chains: dict[str, dict[str, None]] = {}
    for plan in lock.scenarios:
        for job, pool in sorted(plan.jobs.items()):
            chains.setdefault(job, {})[pool] = None
    return {job: tuple(pools) for job, pools in chains.items()}


def _solve(fleet: LoadedFleet, catalog: Catalog, problem: Problem, previous: Lock | None) -> Solution:
    """Solve anew: first with servers where they spread best, then wherever they are needed."""
    preferred = chains_of(previous) if previous else {}
    try:
        solution = solve(problem, preferred)
    except NoPlanError as none:
        raise explain_conflict(fleet, catalog, certain=none.certain) from None
    spread = _spread(fleet, solution.held, previous)
    if spread != solution.held:
        spread_out = keep(problem, spread, solution.chains)
        if spread_out is not None:
            return dataclasses.replace(spread_out, bound=max(spread_out.bound, solution.bound))
    return solution


def _spread(fleet: LoadedFleet, held: Mapping[str, int], previous: Lock | None) -> dict[str, int]:
    """As many nodes of each pool, where they stand best when nothing else decides: over racks, over zones."""
    nodes: Counter[str] = Counter()
    for offering, count in held.items():
        nodes[offering.partition("@")[0]] += count
    spread = dict.fromkeys(held, 0)
    for name, site in sorted(fleet.spec.sites.items()):
        if isinstance(site, HallSpec):
            plans = _bind(fleet, name, site, nodes, None, previous)
            found = holdings(fleet, plans)
        else:
            found = _even(name, site, nodes)
        spread |= found
    return spread


def _even(name: str, site: CloudSiteSpec, nodes: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pool_name, pool in sorted(site.node_pools.items()):
        zones, count = zones_of(pool), nodes.get(f"{name}/{pool_name}", 0)
        step = pool.capacity.multiple_of if pool.capacity else 1
        for place, zone in enumerate(zones):
            parts = (count // step + len(zones) - 1 - place) // len(zones)
            found[f"{name}/{pool_name}@{zone}"] = parts * step
    return found


def _hold(fleet: LoadedFleet, held: Mapping[str, int], previous: Lock | None) -> dict[str, PoolPlan]:
    plans: dict[str, PoolPlan] = {}
    nodes: Counter[str] = Counter()
    for offering, count in held.items():
        nodes[offering.partition("@")[0]] += count
    for name, site in sorted(fleet.spec.sites.items()):
        if isinstance(site, HallSpec):
            plans |= _bind(fleet, name, site, nodes, held, previous)
        else:
            for pool_name, pool in site.node_pools.items():
                pool_id = f"{name}/{pool_name}"
                zones = {zone: held.get(f"{pool_id}@{zone}", 0) for zone in zones_of(pool)}
                plans[pool_id] = PoolPlan(nodes=nodes[pool_id], by_zone=zones)
    return dict(sorted(plans.items()))


def _bind(
    fleet: LoadedFleet,
    name: str,
    site: HallSpec,
    nodes: Mapping[str, int],
    held: Mapping[str, int] | None,
    previous: Lock | None,
) -> dict[str, PoolPlan]:
    inventory = fleet.inventories[name]
    cells = sorted({cell_of(server) for server in inventory.servers})
    wishes = [
        _wish(f"{name}/{pool}", spec, nodes.get(f"{name}/{pool}", 0), cells, held)
        for pool, spec in site.node_pools.items()
    ]
    return bind_slots(inventory, wishes, previous.pools if previous else {})


def _wish(
    pool: str, spec: NodePoolSpec, nodes: int, cells: list[Cell], held: Mapping[str, int] | None
) -> PoolWish:
    wanted = None if held is None else {cell: held.get(offering_in_cell(pool, cell), 0) for cell in cells}
    return PoolWish(pool, spec.server_type or "", nodes, spec.spares, wanted)


def unplannable(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    """What keeps the fleet from being planned whatever is held."""
    sized = fleet_sizings(fleet, catalog)
    for place, service in enumerate(fleet.spec.demand.inference):
        if service.nodes is None and service.name not in sized:
            yield fleet.fault(
                f"demand.inference[{place}]",
                given=f"service {service.name!r} without a size",
                expected="`nodes`, or requests and a rate from which a size follows",
                fix="pin it, e.g. `nodes: 4`",
            )
    for name, site in sorted(fleet.spec.sites.items()):
        if not isinstance(site, HallSpec):
            continue
        for pool_name, pool in sorted(site.node_pools.items()):
            if node_type_of(site, pool, catalog).node_power_watts is None:
                yield fleet.fault(
                    f"sites.{name}.node_pools.{pool_name}.server_type",
                    given=f"{pool.server_type!r}, whose power draw the catalogue does not know",
                    expected="a server type with `node_power_kw`, or nothing can be said about the feeds",
                    fix="choose one from: argosy catalog server-types",
                )
