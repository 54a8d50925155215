"""Solve: from fleet file, catalogue and the previous lock to a lock with a witness for every scenario.

Pool sizes are pinned in the fleet file. Chosen here are the server of each slot, the nodes of each zone, and
the witnesses. Equal inputs give equal locks, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import argosy
from argosy.errors import Fault, FleetError, ShareExcess, Shortfall, ShortfallError
from argosy.planner.canonical import sha256_of
from argosy.planner.contingencies import enumerate_scenarios
from argosy.planner.estate import Estate, build_estate, node_type_of
from argosy.planner.facts import plan_facts, spec_parts
from argosy.planner.models import SCHEMA_VERSION, Lock, PoolPlan, ScenarioPlan
from argosy.planner.reasons import unpowered
from argosy.planner.slots import PoolWish, bind_slots
from argosy.planner.witness import find_witness, homes_of
from argosy.spec.models import HallSpec, NodePoolSpec
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import FleetSpec


def plan_capacity(fleet: LoadedFleet, catalog: Catalog, previous: Lock | None) -> Lock:
    """The lock of a fleet whose sizes are pinned.

    Raises FleetError for what cannot be planned yet or at all, ShortfallError with every floor and share that
    the fleet breaks, NotInCatalogError for a type that the catalogue lacks.
    """
    faults = list(_unplannable(fleet, catalog))
    if faults:
        raise FleetError(faults)
    pools = _hold(fleet, previous)
    short = list(_unfilled(fleet, pools))
    if short:
        raise FleetError(short)
    estate = build_estate(fleet, pools, catalog)
    dark = list(_unpowered(fleet, estate))
    if dark:
        raise FleetError(dark)
    scenarios = _prove(fleet.spec, estate)
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
        scenarios=scenarios,
    )


def _prove(spec: FleetSpec, estate: Estate) -> tuple[ScenarioPlan, ...]:
    nominal, *failures = enumerate_scenarios(spec.survive, estate)
    witnesses = [find_witness(spec.demand, estate, nominal)]
    homes = homes_of(witnesses[0].plan)
    witnesses += [find_witness(spec.demand, estate, scenario, homes) for scenario in failures]
    broken: list[Shortfall | ShareExcess] = [s for witness in witnesses for s in witness.shortfalls]
    broken += _share_excesses(spec, estate)
    if broken:
        raise ShortfallError(broken)
    return tuple(witness.plan for witness in witnesses)


def _share_excesses(spec: FleetSpec, estate: Estate) -> Iterator[ShareExcess]:
    if spec.max_share is None:
        return
    total = sum(pool.accelerators for pool in estate.pools)
    allowed = floor(Fraction(spec.max_share.provider) * total)
    for provider in sorted(set(estate.sites.values())):
        held = sum(pool.accelerators for pool in estate.pools if pool.provider == provider)
        if held > allowed:
            yield ShareExcess(provider, held, allowed, total)


def _hold(fleet: LoadedFleet, previous: Lock | None) -> dict[str, PoolPlan]:
    held: dict[str, PoolPlan] = {}
    for name, site in sorted(fleet.spec.sites.items()):
        if isinstance(site, HallSpec):
            wishes = [_wish(f"{name}/{pool}", spec) for pool, spec in site.node_pools.items()]
            held |= bind_slots(fleet.inventories[name], wishes, previous.pools if previous else {})
        else:
            held |= {f"{name}/{pool}": spread(spec) for pool, spec in site.node_pools.items()}
    return dict(sorted(held.items()))


def spread(pool: NodePoolSpec) -> PoolPlan:
    """A cloud pool over its zones, evenly; the first zones by name take what is left over."""
    nodes = pinned(pool)
    zones: list[str] = sorted({*pool.zones, *([pool.zone] if pool.zone else [])})
    return PoolPlan(
        nodes=nodes,
        by_zone={zone: (nodes + len(zones) - 1 - place) // len(zones) for place, zone in enumerate(zones)},
    )


def pinned(pool: NodePoolSpec) -> int:
    """The pool's size; `plan_capacity` refuses pools that leave it open before it asks."""
    if not isinstance(pool.nodes, int):
        raise TypeError("the pool's size is not pinned")
    return pool.nodes


def _wish(pool_id: str, pool: NodePoolSpec) -> PoolWish:
    return PoolWish(pool_id, pool.server_type or "", pinned(pool), pool.spares)


def _unplannable(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    for index, service in enumerate(fleet.spec.demand.inference):
        if service.nodes is None:
            yield fleet.fault(
                f"demand.inference[{index}]",
                given=f"service {service.name!r} without `nodes`",
                expected="its size in nodes, since the planner cannot size a service from requests yet",
                fix="add `nodes: COUNT`",
            )
    for name, site in sorted(fleet.spec.sites.items()):
        for pool_name, pool in sorted(site.node_pools.items()):
            path = f"sites.{name}.node_pools.{pool_name}"
            if not isinstance(pool.nodes, int):
                yield fleet.fault(
                    f"{path}.nodes",
                    given=f"a range of {pool.nodes.min} to {pool.nodes.max} nodes",
                    expected="a count, since the planner cannot choose sizes yet",
                    fix=f"pin it, e.g. `nodes: {pool.nodes.max}`",
                )
            if isinstance(site, HallSpec) and node_type_of(site, pool, catalog).node_power_watts is None:
                yield fleet.fault(
                    f"{path}.server_type",
                    given=f"{pool.server_type!r}, whose power draw the catalogue does not know",
                    expected="a server type with `node_power_kw`, or nothing can be said about the feeds",
                    fix="choose one from: argosy catalog server-types",
                )


def _unfilled(fleet: LoadedFleet, pools: Mapping[str, PoolPlan]) -> Iterator[Fault]:
    for pool_id, plan in pools.items():
        site, _, pool_name = pool_id.partition("/")
        spec = fleet.spec.sites[site].node_pools[pool_name]
        if not isinstance(fleet.spec.sites[site], HallSpec):
            continue
        missing = plan.nodes + spec.spares - len(plan.slots) - len(plan.spares)
        if missing:
            wanted = f"{counted(plan.nodes, 'node')} and {counted(spec.spares, 'spare')}"
            verb = "is" if missing == 1 else "are"
            yield fleet.fault(
                f"sites.{site}.node_pools.{pool_name}.nodes",
                given=f"{wanted} of {spec.server_type}",
                expected=f"no more than the inventory of {site} has left; {missing} {verb} missing",
                fix="add servers to the inventory, or lower `nodes` or `spares`",
            )


def _unpowered(fleet: LoadedFleet, estate: Estate) -> Iterator[Fault]:
    for pool, why in unpowered(estate):
        yield fleet.fault(
            f"sites.{pool.site}.node_pools.{pool.id.partition('/')[2]}.nodes",
            given=f"{counted(pool.nodes, 'node')}, more than the feeds carry with nothing lost ({why})",
            expected=f"power for every node of {pool.site}, or there is no fleet to begin with",
            fix="raise `rated_kw` of the feeds, or lower `nodes`",
        )
