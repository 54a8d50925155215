"""The facts a plan rests on, in plain JSON values: what a lock embeds, hashes and is compared with later.

Only what decides: one more server in the inventory, a new price or a corrected network card leaves it good.
The images stand among them, although no floor rests on one, because a new digest reinstalls a whole pool: a
review has to see the old one and the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from argosy.catalog.facts import facts_for
from argosy.catalog.pools import node_type_of
from argosy.planner.canonical import sha256_of
from argosy.sizing.fleet import fleet_sizings
from argosy.spec.loader import meaning_sha256
from argosy.spec.models import HallSpec
from argosy.spec.power import power_graph

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import PoolPlan
    from argosy.site_facts.graph import PowerNode
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import FleetSpec

_DECIDING = frozenset(
    {"accelerator", "accelerators", "node_power_kw", "nvlink_domain", "power_supplies", "vcpus"}
)


def plan_facts(fleet: LoadedFleet, catalog: Catalog, pools: Mapping[str, PoolPlan]) -> dict[str, Any]:
    """What catalogue, inventories, power and uplinks say that the plan rests on."""
    halls = {name: site for name, site in sorted(fleet.spec.sites.items()) if isinstance(site, HallSpec)}
    return {
        "catalog": facts_for(
            catalog,
            {
                node_type_of(site, pool, catalog).key
                for site in fleet.spec.sites.values()
                for pool in site.node_pools.values()
            },
            _DECIDING,
        ),
        "servers": {name: _servers(fleet, name, pools) for name in halls},
        "power": {name: _power(fleet, name, site, pools) for name, site in halls.items()},
        "uplinks": {
            name: {
                link.name: {
                    "kind": link.kind,
                    "conduit": link.conduit,
                    "carrier": link.carrier,
                    "mbps": link.mbps,
                }
                | ({"entry": link.entry} if link.entry else {})
                | ({"usage": list(link.usage)} if link.usage else {})
                for link in site.uplinks
            }
            for name, site in halls.items()
        },
        "rates": {
            name: {
                "peak_micro_requests_per_second": sizing.peak,
                "micro_requests_per_second": dict(sorted(sizing.per_accelerator.items())),
            }
            for name, sizing in sorted(fleet_sizings(fleet, catalog).items())
        },
        "images": {
            f"{name}/{pool_name}": pool.image.sha256
            for name, site in halls.items()
            for pool_name, pool in sorted(site.node_pools.items())
            if pool.image is not None
        },
    }


def spec_parts(spec: FleetSpec) -> dict[str, str]:
    """Each part of the fleet file, by its path, to a short hash of its meaning."""
    parts = {"survive": sha256_of([meaning_sha256(line) for line in spec.survive])}
    for name, group in spec.risk_groups.items():
        parts[f"risk_groups.{name}"] = meaning_sha256(group)
    if spec.max_share is not None:
        parts["max_share"] = meaning_sha256(spec.max_share)
    for job in spec.demand.training:
        parts[f"demand.training.{job.name}"] = meaning_sha256(job)
    for service in spec.demand.inference:
        parts[f"demand.inference.{service.name}"] = meaning_sha256(service)
    for name, site in spec.sites.items():
        parts[f"sites.{name}"] = meaning_sha256(site.model_copy(update={"node_pools": {}}))
        for pool_name, pool in site.node_pools.items():
            parts[f"sites.{name}.node_pools.{pool_name}"] = meaning_sha256(pool)
    return {path: digest[:16] for path, digest in sorted(parts.items())}


def _servers(fleet: LoadedFleet, site: str, pools: Mapping[str, PoolPlan]) -> dict[str, Any]:
    held = {
        serial
        for pool, plan in pools.items()
        if pool.partition("/")[0] == site
        for serial in (*plan.slots.values(), *plan.spares.values())
    }
    inventory = fleet.inventories[site]
    return {
        server.serial: {
            "rack": server.rack,
            "feeds": sorted(server.feeds),
            "server_type": inventory.server_type_of(server),
        }
        for server in sorted(inventory.servers, key=lambda server: server.serial)
        if server.serial in held
    }


def _times(node: PowerNode) -> dict[str, int]:
    """How long a battery or a generator lasts, and takes to start."""
    times = {"minutes": node.minutes, "start_seconds": node.start_seconds}
    return {key: value for key, value in times.items() if value is not None}


def _power(fleet: LoadedFleet, name: str, site: HallSpec, pools: Mapping[str, PoolPlan]) -> dict[str, Any]:
    feeds = {feed.name: feed.rated_kw for feed in sorted(site.power.feeds, key=lambda feed: feed.name)}
    facts = {"pue": format(site.power.pue.normalize(), "f"), "rated_kw": feeds}
    graph = power_graph(site)
    if not graph.has_units:
        return facts
    racks = {server["rack"] for server in _servers(fleet, name, pools).values()}
    return facts | {
        "units": {
            node.name: {"kind": node.kind, "room_watts": node.room_watts}
            | ({"parents": list(node.parents)} if node.parents else {})
            | _times(node)
            for node in sorted(graph.nodes.values(), key=lambda node: node.name)
        },
        "racks": {rack: list(graph.racks[rack]) for rack in sorted(racks)},
    }
