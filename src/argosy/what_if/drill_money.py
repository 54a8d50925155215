"""What a loss changes in the bill. Claimed, at the prices that each line names; nothing here is proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from argosy.planner.problem import MICRO
from argosy.planner.workloads import egress
from argosy.prices.price import price_of
from argosy.spec.models import HallSpec
from argosy.spec.words import counted
from argosy.what_if.drill_model import CostChange

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.problem import Holdings, Problem, Witness
    from argosy.spec.loader import LoadedFleet
    from argosy.what_if.drill_left import Remains


def started_cold(problem: Problem, remains: Remains, witness: Witness) -> dict[str, int]:
    """Cold pool to nodes that the witness needs of it, beyond what runs already."""
    jobs: Counter[str] = Counter()
    for gang, pool in witness.jobs.items():
        jobs[pool] += problem.gang[gang].pools[pool]
    wanted: Counter[str] = Counter()
    for kinds in witness.serves.values():
        wanted.update(kinds)
    started: Counter[str] = Counter({pool: nodes for pool, nodes in jobs.items() if remains.is_cold(pool)})
    missing = {kind: -(-micro_nodes // MICRO) for kind, micro_nodes in wanted.items()}
    for is_cold in (False, True):
        for pool, offerings in sorted(problem.in_pool.items()):
            serving = [o.id for o in offerings if o.id not in remains.now.unserving]
            kind = offerings[0].kind
            if remains.is_cold(pool) == is_cold and missing.get(kind, 0) > 0:
                free = sum(remains.nodes(o) for o in serving) - jobs[pool]
                taken = max(0, min(free, missing[kind]))
                missing[kind] -= taken
                if is_cold:
                    started[pool] += taken
    return {pool: nodes for pool, nodes in sorted(started.items()) if nodes}


def cost_changes(
    fleet: LoadedFleet,
    catalog: Catalog,
    problem: Problem,
    held: Holdings,
    remains: Remains,
    homes: Mapping[str, str],
    witness: Witness,
) -> Iterator[CostChange]:
    """Nodes that fall away, cold ones that are started, and what checkpoints cost to send from elsewhere."""
    started = started_cold(problem, remains, witness)
    for pool, offerings in sorted(problem.in_pool.items()):
        price = offerings[0].price
        gone = sum(held.get(o.id, 0) - remains.nodes(o.id, late=True) for o in offerings)
        if price and gone and not remains.is_cold(pool):
            words = f"{counted(gone, 'node')} no longer run"
            yield CostChange(pool, words, -price * gone, _price(fleet, catalog, pool))
        if price and started.get(pool):
            words = f"{counted(started[pool], 'cold node')} started"
            yield CostChange(pool, words, price * started[pool], _price(fleet, catalog, pool))
    gone = _sites_gone(problem, remains)
    for job in fleet.spec.demand.training:
        gang = problem.gang[f"training/{job.name}"]
        now, before = witness.jobs.get(gang.id), homes[gang.id]
        provider = fleet.spec.sites[now.partition("/")[0]].provider if now else ""
        change = (egress(job, provider, fleet, catalog, gone) if now else 0) - gang.price.get(before, 0)
        if change:
            words = f"checkpoints are sent from {now}" if now else "sends no checkpoints"
            yield CostChange(gang.id, words, change, "the catalogue's prices of egress")


def _sites_gone(problem: Problem, remains: Remains) -> frozenset[str]:
    """Sites of which nothing is left, so that no checkpoint is sent there."""
    left = {o.pool.partition("/")[0] for o in problem.offerings if o.id not in remains.late.lost}
    return frozenset(o.pool.partition("/")[0] for o in problem.offerings) - left


def _price(fleet: LoadedFleet, catalog: Catalog, pool: str) -> str:
    site_name, _, name = pool.partition("/")
    site = fleet.spec.sites[site_name]
    price = price_of(fleet, site_name, name, catalog)
    told = (
        f"${price.usd_per_hour:f}/h a node ({price.confidence}, {price.as_of}: {price.source})"
        if price
        else ""
    )
    if not isinstance(site, HallSpec) or site.power.usd_per_kwh is None:
        return told
    energy = f"energy at ${site.power.usd_per_kwh:f}/kWh (sites.{site_name}.power)"
    return f"{energy} and {told}" if told else energy
