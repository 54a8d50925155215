"""What a lock holds, in the terms in which things fail: pools, servers, halls with feeds and uplinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.planner.slots import slot_order
from argosy.spec.models import HallSpec, NodePoolSpec

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.planner.models import PoolPlan
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import SiteSpec


@dataclass(frozen=True)
class HeldServer:
    """A bare-metal server that fills a slot."""

    serial: str
    rack: str
    feeds: tuple[str, ...]
    watts: int
    """Most that it draws, before cooling."""


@dataclass(frozen=True)
class HeldPool:
    """One pool of the lock with what decides its fate in a failure."""

    id: str
    """`site/pool`."""
    site: str
    provider: str
    role: str
    accelerator: str
    accelerators: int
    """In the whole pool."""
    capacity_type: str
    nodes: int
    by_zone: Mapping[str, int]
    servers: tuple[HeldServer, ...]
    """In slot order; empty for a cloud pool."""
    hosts_protected: bool
    """Whether a protected training job could run here."""


@dataclass(frozen=True)
class Uplink:
    """One way out of a hall."""

    name: str
    interactive: bool
    """Whether people can be served over it; satellites cannot carry that."""
    conduit: str | None


@dataclass(frozen=True)
class Hall:
    """The power and the uplinks of a bare-metal site."""

    feed_watts: Mapping[str, int]
    """Feed to what it may carry."""
    pue: Fraction
    uplinks: tuple[Uplink, ...]


@dataclass(frozen=True)
class Estate:
    """Everything that can be lost."""

    sites: Mapping[str, str]
    """Site to provider, sorted."""
    pools: tuple[HeldPool, ...]
    """Sorted by id."""
    halls: Mapping[str, Hall]
    pools_of_site: Mapping[str, tuple[HeldPool, ...]] = field(init=False)

    def __post_init__(self) -> None:
        by_site: dict[str, list[HeldPool]] = {site: [] for site in self.sites}
        for pool in self.pools:
            by_site[pool.site].append(pool)
        object.__setattr__(self, "pools_of_site", {site: tuple(pools) for site, pools in by_site.items()})


def node_type_of(site: SiteSpec, pool: NodePoolSpec, catalog: Catalog) -> NodeType:
    """What the catalogue says of the pool's nodes; raises NotInCatalogError."""
    return catalog.node_type(f"{site.provider}/{pool.server_type or pool.instance_type}")


def capacity_type_of(pool: NodePoolSpec) -> str:
    """How the pool's nodes are obtained. Only pools of a hall, which owns its servers, may leave it out."""
    return pool.capacity.type if pool.capacity else "owned"


def build_estate(fleet: LoadedFleet, pools: Mapping[str, PoolPlan], catalog: Catalog) -> Estate:
    """The estate that these pools make. Every pool of the fleet file must be in `pools`."""
    held: list[HeldPool] = []
    for site_name, site in sorted(fleet.spec.sites.items()):
        for pool_name, pool in sorted(site.node_pools.items()):
            plan = pools[f"{site_name}/{pool_name}"]
            held.append(_held_pool(fleet, site_name, pool_name, plan, node_type_of(site, pool, catalog)))
    return Estate(
        sites={name: site.provider for name, site in sorted(fleet.spec.sites.items())},
        pools=tuple(sorted(held, key=lambda pool: pool.id)),
        halls={
            name: _hall(site) for name, site in sorted(fleet.spec.sites.items()) if isinstance(site, HallSpec)
        },
    )


def _held_pool(
    fleet: LoadedFleet, site_name: str, pool_name: str, plan: PoolPlan, node_type: NodeType
) -> HeldPool:
    site = fleet.spec.sites[site_name]
    pool = site.node_pools[pool_name]
    return HeldPool(
        id=f"{site_name}/{pool_name}",
        site=site_name,
        provider=site.provider,
        role=pool.role,
        accelerator=node_type.accelerator,
        accelerators=node_type.accelerators * plan.nodes,
        capacity_type=capacity_type_of(pool),
        nodes=plan.nodes,
        by_zone=plan.by_zone,
        servers=_servers(fleet, site_name, plan, node_type.node_power_watts or 0),
        hosts_protected=any(
            job.protected and node_type.accelerator in job.accelerator for job in fleet.spec.demand.training
        ),
    )


def _servers(fleet: LoadedFleet, site: str, plan: PoolPlan, watts: int) -> tuple[HeldServer, ...]:
    if not plan.slots:
        return ()
    known = {server.serial: server for server in fleet.inventories[site].servers}
    bound = [known[plan.slots[slot]] for slot in sorted(plan.slots, key=slot_order)]
    return tuple(HeldServer(server.serial, server.rack, server.feeds, watts) for server in bound)


def _hall(site: HallSpec) -> Hall:
    return Hall(
        feed_watts={feed.name: feed.rated_kw * 1000 for feed in site.power.feeds},
        pue=Fraction(site.power.pue),
        uplinks=tuple(
            Uplink(link.name, link.kind not in ("leo", "geo"), link.conduit)
            for link in sorted(site.uplinks, key=lambda link: link.name)
        ),
    )
