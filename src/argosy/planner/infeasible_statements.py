"""Every statement of a fleet file that can take part in a conflict: sites, their pools, power and stock."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.planner.infeasible_demand import demand_words
from argosy.planner.infeasible_words import Choice, Lever, Variant, Words
from argosy.planner.offerings import pool_facts
from argosy.planner.problem import Problem
from argosy.spec.inventory import InventorySpec, ServerSpec
from argosy.spec.models import CloudSiteSpec, HallSpec, NodeRange
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.offerings import PoolFacts
    from argosy.spec.loader import LoadedFleet

IDLE, FEED, STOCK, QUOTA, RESERVED, UPLINK, PLACE, POOL = 0, 1, 2, 3, 4, 5, 7, 9
"""Ranks; between and above them stand those of `infeasible_demand`."""

_MOST_NODES = 1_000_000
_MOST_SERVERS = 20_000
"""Most servers that a hall whose stock says nothing is given."""
_PLENTY_KW = 1_000_000
_PLENTY_MBPS = 100_000_000


def plenty_of(problem: Problem) -> int:
    """Nodes that are more than any plan could need of one pool, the shares of providers taken in."""
    needed = sum(-(-row.demand // min(row.rates.values(), default=1)) for row in problem.rows if row.rates)
    needed += sum(max(gang.pools.values(), default=gang.nodes) for gang in problem.gangs)
    sizes = [offering.accelerators for offering in problem.offerings] or [1]
    held = sum(offering.high for offering in problem.offerings)
    return min(_MOST_NODES, (needed + held) * (-(-max(sizes) // min(sizes))))


def all_words(fleet: LoadedFleet, catalog: Catalog, problem: Problem) -> tuple[Words, ...]:
    """Every statement, as the fleet file has them: sites first, then demand, shares and `survive`."""
    plenty = plenty_of(problem)
    used = {kind for row in problem.rows for kind in row.rates}
    job_pools = {pool for gang in problem.gangs for pool in gang.pools}
    found: list[Words] = []
    pools = pool_facts(fleet, catalog)
    for name, site in fleet.spec.sites.items():
        for pool in pools:
            if pool.site == name:
                found += _pool(pool, plenty, idle=pool.kind not in used and pool.id not in job_pools)
        found += (
            _hall(fleet, name, site, plenty) if isinstance(site, HallSpec) else _quotas(name, site, plenty)
        )
        if site.serves:
            regions = sorted({region for s in fleet.spec.demand.inference for region in s.regions})
            found.append(_serves(name, site.serves, regions))
    return (*found, *demand_words(fleet, pools))


def _pool(pool: PoolFacts, plenty: int, *, idle: bool) -> Iterator[Words]:
    at, nodes = ("sites", pool.site, "node_pools", pool.name), pool.spec.nodes
    low, high = (nodes, nodes) if isinstance(nodes, int) else (nodes.min, nodes.max)
    rank = IDLE if idle else POOL

    def bounded(variant: Variant, least: int, most: int) -> Variant:
        return variant.edit((*at, "nodes"), most if least == most else NodeRange(min=least, max=most))

    def raised(variant: Variant, most: int) -> Variant:
        return bounded(variant, most if isinstance(nodes, int) else low, most)

    def lowered(variant: Variant, least: int) -> Variant:
        return bounded(variant, least, least if isinstance(nodes, int) else high)

    name = "nodes" if isinstance(nodes, int) else "nodes.max"
    ways = [
        Lever(high, plenty, raised, lambda n: f"{name} {high} → {n}"),
        # A count that neither more nor fewer nodes mend may still do as a range.
        Lever(
            high, plenty, lambda v, n: bounded(v, low, n), lambda n: f"nodes {{min: {low}, max: {n}}}", True
        ),
    ]
    if low:
        least = "nodes" if isinstance(nodes, int) else "nodes.min"
        ways.append(Lever(low, 0, lowered, lambda n: f"{least} {low} → {n}"))
        ways.append(
            Lever(
                low, 0, lambda v, n: bounded(v, n, high), lambda n: f"nodes {{min: {n}, max: {high}}}", True
            )
        )
    says = counted(low, "node") if isinstance(nodes, int) else f"{low} to {high} nodes"
    yield Words(
        f"{pool.path}.nodes", says, rank, lambda v: bounded(v, 0, plenty), tuple(ways), pool.site, _like(pool)
    )
    yield from _capacity(pool, plenty)


def _capacity(pool: PoolFacts, plenty: int) -> Iterator[Words]:
    capacity = pool.spec.capacity
    for key, what in (("quota_nodes", "a quota of"), ("nodes", f"{pool.capacity_type} capacity of")):
        count = getattr(capacity, key, None)
        if count is not None:
            yield _count(
                ("sites", pool.site, "node_pools", pool.name, "capacity", key),
                f"{pool.path}.capacity.{key}",
                f"{what} {counted(count, 'node')}",
                QUOTA if key == "quota_nodes" else RESERVED,
                count,
                plenty,
                pool.site,
                _like(pool),
            )


def _like(pool: PoolFacts) -> str:
    return f"{pool.kind} on {pool.provider}, {pool.capacity_type}"


def _count(
    keys: tuple[str | int, ...],
    path: str,
    says: str,
    rank: int,
    count: int,
    plenty: int,
    site: str,
    like: str = "",
) -> Words:
    """A statement that is one number, which says nothing once there is plenty."""

    def to(variant: Variant, value: int) -> Variant:
        return variant.edit(keys, value)

    lever = Lever(count, plenty, to, lambda value: f"{keys[-1]} {count} → {value}")
    return Words(path, says, rank, lambda variant: to(variant, max(plenty, count)), (lever,), site, like)


def _quotas(name: str, site: CloudSiteSpec, plenty: int) -> Iterator[Words]:
    for place, quota in enumerate(site.quotas):
        # A node of today has at most some hundreds of what a vendor counts.
        yield _count(
            ("sites", name, "quotas", place, "limit"),
            f"sites.{name}.quotas[{place}].limit",
            f"a quota of {quota.limit:,} {quota.unit} for {', '.join(quota.pools)}",
            QUOTA,
            quota.limit,
            1_000 * plenty,
            name,
        )


def _hall(fleet: LoadedFleet, name: str, hall: HallSpec, plenty: int) -> Iterator[Words]:
    for place, feed in enumerate(hall.power.feeds):
        keys = ("sites", name, "power", "feeds", place, "rated_kw")
        path, says = (
            f"sites.{name}.power.feeds[{place}].rated_kw",
            f"feed {feed.name} carries {feed.rated_kw} kW",
        )
        yield _count(keys, path, says, FEED, feed.rated_kw, _PLENTY_KW, name)
    for place, unit in enumerate(hall.power.units):
        keys = ("sites", name, "power", "units", place, "rated_kw")
        path = f"sites.{name}.power.units[{place}].rated_kw"
        says = f"{unit.kind} {unit.name} is rated for {unit.rated_kw:f} kW"
        yield _count(keys, path, says, FEED, int(unit.rated_kw), _PLENTY_KW, name)
    if any(job.checkpoint_gb is not None for job in fleet.spec.demand.training):
        for place, link in enumerate(hall.uplinks):
            keys, path = ("sites", name, "uplinks", place, "mbps"), f"sites.{name}.uplinks[{place}].mbps"
            says = f"uplink {link.name} carries {link.mbps:,} Mbit/s"
            yield _count(keys, path, says, UPLINK, link.mbps, _PLENTY_MBPS, name)
    for server_type in sorted({pool.server_type or "" for pool in hall.node_pools.values()}):
        yield _stock(fleet, name, hall, server_type, plenty)


def _stock(fleet: LoadedFleet, site: str, hall: HallSpec, server_type: str, plenty: int) -> Words:
    inventory = fleet.inventories[site]
    servers = [server for server in inventory.in_service if inventory.server_type_of(server) == server_type]
    spares = sum(pool.spares for pool in hall.node_pools.values() if pool.server_type == server_type)

    def to(variant: Variant, count: int) -> Variant:
        more = InventorySpec.model_copy(
            inventory_of(variant),
            update={"servers": (*inventory_of(variant).servers, *_more(servers, count))},
        )
        inventories = {**variant.fleet.inventories, site: more}
        return dataclasses.replace(variant, fleet=dataclasses.replace(variant.fleet, inventories=inventories))

    def inventory_of(variant: Variant) -> InventorySpec:
        return variant.fleet.inventories[site]

    cells = len({(server.rack, tuple(sorted(server.feeds))) for server in servers}) or 1
    most = len(servers) + min(plenty * cells, _MOST_SERVERS)
    kept = f", {spares} of them spare" if spares else ""
    lever = Lever(len(servers), most, to, lambda n: f"{len(servers)} → {n} servers, in racks as they are")
    says = f"{counted(len(servers), server_type + ' server')} in the inventory{kept}"
    return Words(f"sites.{site}.inventory", says, STOCK, lambda v: to(v, most), (lever,), site)


def _more(servers: list[ServerSpec], count: int) -> Iterator[ServerSpec]:
    """Servers beyond those that there are, up to the count: rack by rack as they stand, one each in turn."""
    cells = {(server.rack, tuple(sorted(server.feeds))): server for server in servers}
    models = [cells[cell] for cell in sorted(cells)]
    for number in range(count - len(servers)):
        model = models[number % len(models)]
        yield model.model_copy(update={"serial": f"{model.serial}-more-{number}"})


def _serves(name: str, serves: tuple[str, ...], regions: list[str]) -> Words:
    keys = ("sites", name, "serves")
    ways = tuple(
        Choice(lambda v, region=region: v.edit(keys, (*serves, region)), f"serves {region} as well")
        for region in regions
        if region not in serves
    )
    says = f"serves {', '.join(serves)} alone"
    return Words(f"sites.{name}.serves", says, PLACE, lambda variant: variant.edit(keys, ()), ways, name)
