"""From the fleet file to what can be held: offerings, and the limits on them.

A pool on a cloud is one offering per zone; a pool in a hall is one per rack and set of feeds, since servers
there fail together. A kind is what is alike for every workload: accelerator and count, role, place, and
whether it lends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.catalog.pools import capacity_type_of, node_type_of
from argosy.planner.power import Cell, HallPower, Node, node_of
from argosy.planner.problem import Limit, Offering
from argosy.prices.price import marginal_usd_per_hour
from argosy.spec.models import CloudSiteSpec, HallSpec, NodePoolSpec
from argosy.spec.power import power_graph

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.planner.models import PoolPlan
    from argosy.spec.inventory import ServerSpec
    from argosy.spec.loader import LoadedFleet


@dataclass(frozen=True)
class PoolFacts:
    """One pool with all that is known of it."""

    id: str
    site: str
    name: str
    provider: str
    country: str | None
    serves: tuple[str, ...]
    spec: NodePoolSpec
    node_type: NodeType
    kind: str

    @property
    def path(self) -> str:
        """Where the fleet file has it."""
        return f"sites.{self.site}.node_pools.{self.name}"

    @property
    def capacity_type(self) -> str:
        """How its nodes are obtained."""
        return capacity_type_of(self.spec)

    @property
    def rack_nodes(self) -> int:
        """Nodes joined by one scale-up network: 18 in an NVL72 rack of four accelerators each, mostly 1."""
        return max(1, (self.node_type.nvlink_domain or 1) // self.node_type.accelerators)

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewest and most nodes that the fleet file allows, quota and reservation taken in."""
        nodes, capacity = self.spec.nodes, self.spec.capacity
        low, high = (nodes, nodes) if isinstance(nodes, int) else (nodes.min, nodes.max)
        if capacity is not None:
            most = [n for n in (capacity.quota_nodes, capacity.nodes) if n is not None]
            high = min([high, *most])
        return low, max(low, high)


def pool_facts(fleet: LoadedFleet, catalog: Catalog) -> tuple[PoolFacts, ...]:
    """Every pool of the fleet, sorted by id; raises NotInCatalogError."""
    found: list[PoolFacts] = []
    for site_name, site in fleet.spec.sites.items():
        serves = tuple(sorted(site.serves))
        for name, pool in site.node_pools.items():
            node_type = node_type_of(site, pool, catalog)
            kind = " ".join(
                [
                    f"{node_type.accelerators}x{node_type.accelerator}",
                    pool.role + ("+lends" if pool.lends else ""),
                    site.country or "anywhere",
                    ",".join(serves) or "for all",
                ]
            )
            found.append(
                PoolFacts(
                    f"{site_name}/{name}",
                    site_name,
                    name,
                    site.provider,
                    site.country,
                    serves,
                    pool,
                    node_type,
                    kind,
                )
            )
    return tuple(sorted(found, key=lambda pool: pool.id))


def cell_of(server: ServerSpec) -> Cell:
    """Where the server stands."""
    return server.rack, tuple(sorted(server.feeds))


def offering_in_cell(pool: str, cell: Cell) -> str:
    """Id of a hall's offering."""
    return f"{pool}@{cell[0]}/{'+'.join(cell[1])}"


def offering_in_zone(pool: str, zone: str) -> str:
    """Id of a cloud's offering."""
    return f"{pool}@{zone}"


def zones_of(pool: NodePoolSpec) -> list[str]:
    """Zones of a cloud pool, sorted."""
    return sorted({*pool.zones, *([pool.zone] if pool.zone else [])})


def stock_of(fleet: LoadedFleet, site: str) -> Counter[tuple[str, Cell]]:
    """Servers in service of a hall by type and cell."""
    inventory = fleet.inventories[site]
    return Counter((inventory.server_type_of(server), cell_of(server)) for server in inventory.in_service)


@dataclass(frozen=True)
class Site:
    """One site with its offerings, in the terms in which things fail."""

    name: str
    provider: str
    by_zone: Mapping[str, tuple[str, ...]]
    """Zone to offerings."""
    cells: Mapping[str, Cell]
    """Offering to its cell; halls only."""
    power: HallPower | None
    """Halls only."""
    spot: tuple[str, ...]
    flex: tuple[str, ...]
    cold: tuple[str, ...]
    all: tuple[str, ...]


class Supply:
    """All offerings of a fleet, site by site, and the limits on what may be held."""

    def __init__(self, fleet: LoadedFleet, catalog: Catalog) -> None:
        self.fleet = fleet
        self.pools = pool_facts(fleet, catalog)
        self.of_site: dict[str, list[PoolFacts]] = {name: [] for name in sorted(fleet.spec.sites)}
        for pool in self.pools:
            self.of_site[pool.site].append(pool)
        self.offerings: list[Offering] = []
        self.limits: list[Limit] = []
        self._catalog = catalog
        self.sites = {name: self._site(name) for name in self.of_site}
        self._share()

    def _site(self, name: str) -> Site:
        site = self.fleet.spec.sites[name]
        stock = stock_of(self.fleet, name) if isinstance(site, HallSpec) else Counter[tuple[str, Cell]]()
        zones: dict[str, list[str]] = {}
        cells: dict[str, Cell] = {}
        nodes: dict[str, Node] = {}
        special: dict[str, list[str]] = {"spot": [], "flex": [], "cold": []}
        everything: list[str] = []
        for pool in self.of_site[name]:
            found = list(self._of_pool(pool, stock))
            for offering, place in found:
                self.offerings.append(offering)
                if isinstance(place, str):
                    zones.setdefault(place, []).append(offering.id)
                else:
                    cells[offering.id] = place
                    nodes[offering.id] = node_of(place, pool.spec, pool.node_type)
            ids = [offering.id for offering, _ in found]
            everything += ids
            for label in (pool.capacity_type, pool.spec.readiness):
                if label in special:
                    special[label] += ids
            self._pool_limits(pool, ids)
        power = None
        if isinstance(site, HallSpec):
            power = HallPower(name, site, power_graph(site), nodes)
            self._stock_limits(name, stock)
            self.limits += [*power.limits(frozenset()), *power.single_failure_limits(stock)]
        else:
            self._quota_limits(name, site)
        by_zone = {zone: tuple(ids) for zone, ids in zones.items()}
        spot, flex, cold = (tuple(special[label]) for label in ("spot", "flex", "cold"))
        return Site(name, site.provider, by_zone, cells, power, spot, flex, cold, tuple(everything))

    def _of_pool(
        self, pool: PoolFacts, stock: Counter[tuple[str, Cell]]
    ) -> Iterator[tuple[Offering, str | Cell]]:
        low, high = pool.bounds
        usd = marginal_usd_per_hour(self.fleet, pool.site, pool.name, self._catalog)
        price = round((usd or 0) * 1_000_000)
        step = pool.spec.capacity.multiple_of if pool.spec.capacity else 1

        def offering(name: str, least: int, most: int) -> Offering:
            accelerators = pool.node_type.accelerators
            return Offering(name, pool.id, pool.provider, pool.kind, least, most, step, price, accelerators)

        zones = zones_of(pool.spec)
        for place, zone in enumerate(zones):
            # A pinned pool stands evenly in its zones; the planner chooses the zones of an open one.
            even = (low // step + len(zones) - 1 - place) // len(zones) * step
            bounds = (
                (even, even) if isinstance(pool.spec.nodes, int) else (low if len(zones) == 1 else 0, high)
            )
            yield offering(offering_in_zone(pool.id, zone), *bounds), zone
        if not zones:
            for server_type, cell in sorted(stock):
                if server_type == pool.spec.server_type:
                    most = min(high, stock[server_type, cell])
                    yield offering(offering_in_cell(pool.id, cell), 0, most), cell

    def _pool_limits(self, pool: PoolFacts, ids: list[str]) -> None:
        low, high = pool.bounds
        pinned_on_cloud = isinstance(pool.spec.nodes, int) and bool(zones_of(pool.spec))
        if not pinned_on_cloud and (len(ids) > 1 or not zones_of(pool.spec)):
            self.limits.append(
                Limit(f"nodes of {pool.id}", f"{pool.path}.nodes", dict.fromkeys(ids, 1), high, low)
            )

    def _stock_limits(self, site: str, stock: Counter[tuple[str, Cell]]) -> None:
        path = f"sites.{site}.inventory"
        for server_type in sorted({server_type for server_type, _ in stock}):
            pools = [pool for pool in self.of_site[site] if pool.spec.server_type == server_type]
            if not pools:
                continue
            cells = {cell: count for (kind, cell), count in sorted(stock.items()) if kind == server_type}
            everywhere = {offering_in_cell(pool.id, cell): 1 for pool in pools for cell in cells}
            # Spares are there to fill in: what is out of service is taken off them first.
            out = self.fleet.inventories[site].out_of_type(server_type)
            room = sum(cells.values()) - max(0, sum(pool.spec.spares for pool in pools) - out)
            self.limits.append(Limit(f"{server_type} of {site}", path, everywhere, room))
            for cell, count in cells.items() if len(pools) > 1 else ():
                here = {offering_in_cell(pool.id, cell): 1 for pool in pools}
                name = f"{server_type} of {site} in {cell[0]} on {'+'.join(cell[1])}"
                self.limits.append(Limit(name, path, here, count))

    def _quota_limits(self, name: str, site: CloudSiteSpec) -> None:
        pools = {pool.name: pool for pool in self.of_site[name]}
        zones = {pool.id: zones_of(pool.spec) for pool in pools.values()}
        for place, quota in enumerate(site.quotas):
            units = {
                offering_in_zone(pools[member].id, zone): _units(pools[member], quota.unit)
                for member in quota.pools
                if member in pools
                for zone in zones[pools[member].id]
            }
            path = f"sites.{name}.quotas[{place}].limit"
            self.limits.append(Limit(f"quota {quota.name} of {name}", path, units, quota.limit))

    def _share(self) -> None:
        share = self.fleet.spec.max_share
        if share is None:
            return
        most = Fraction(share.provider)
        for provider in sorted({site.provider for site in self.sites.values()}):
            held = {
                offering.id: offering.accelerators
                * ((most.denominator if offering.provider == provider else 0) - most.numerator)
                for offering in self.offerings
            }
            self.limits.append(Limit(f"share of {provider}", "max_share.provider", held, 0))


def _units(pool: PoolFacts, unit: str) -> int:
    if unit == "nodes":
        return 1
    # What the catalogue does not know is refused when the fleet file is checked.
    return (
        pool.node_type.accelerators if unit == "accelerators" else getattr(pool.node_type, "vcpus", None) or 0
    )


def holdings(fleet: LoadedFleet, pools: Mapping[str, PoolPlan]) -> dict[str, int]:
    """Offering to the nodes that a lock's pools hold; serials that are not in service are left out."""
    held: Counter[str] = Counter()
    for pool, plan in pools.items():
        for zone, nodes in plan.by_zone.items():
            held[offering_in_zone(pool, zone)] += nodes
        site = pool.partition("/")[0]
        if plan.slots and site in fleet.inventories:
            cells = {server.serial: cell_of(server) for server in fleet.inventories[site].in_service}
            for serial in plan.slots.values():
                if serial in cells:
                    held[offering_in_cell(pool, cells[serial])] += 1
    return dict(held)
