"""From a verified lock to what each provider is asked to declare: plain values only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from argosy.catalog import Catalog
from argosy.catalog.pools import capacity_type_of, node_type_of
from argosy.errors import Fault, FleetError
from argosy.planner.models import Lock, PoolPlan
from argosy.planner.slots import slot_order
from argosy.spec.claims import ClaimsSpec, IronicClaimsSpec
from argosy.spec.install_checks import machines_reading_at_once
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import HallSpec, SiteSpec
from argosy_component.contract import HallPlan, NodePoolPlan, PeerPlan, ServerPlan, SitePlan


def site_plans(fleet: LoadedFleet, lock: Lock, catalog: Catalog, scope: str = "") -> tuple[SitePlan, ...]:
    """What to declare, site by site in the order of their names; `scope` names one site, empty means all.

    The lock must have been verified. Raises FleetError for a scope that is no site of the fleet.
    """
    sites = sorted(fleet.spec.sites)
    if scope and scope not in sites:
        raise FleetError([_unknown_scope(fleet, scope)])
    return tuple(_site_plan(fleet, name, lock, catalog) for name in sites if scope in ("", name))


def _unknown_scope(fleet: LoadedFleet, scope: str) -> Fault:
    return fleet.fault(
        "sites",
        given=f"the scope {scope!r}",
        expected=f"one of {', '.join(sorted(fleet.spec.sites))}",
        fix="name one of them, or leave the scope out to take the whole fleet",
    )


def site_plan_without_pools(fleet: LoadedFleet, name: str) -> SitePlan:
    """What a site's plan says before any lock: all but its pools."""
    site = fleet.spec.sites[name]
    hall = isinstance(site, HallSpec)
    return SitePlan(
        fleet=fleet.spec.name,
        name=name,
        provider=site.provider,
        region=None if hall else site.region,
        country=site.country,
        account=None if hall else site.account,
        kubernetes_version=None if hall else site.kubernetes_version,
        cidr=site.cidr,
        node_pools=(),
        tags={"argosy-fleet": fleet.spec.name, "argosy-site": name},
        hall=_hall_plan(site, _servers(fleet, name)) if hall else None,
        peers=tuple(
            _peer_plan(peer, fleet.spec.sites[peer]) for peer in sorted(fleet.spec.sites) if peer != name
        ),
        settings=fleet.settings.sites.get(name),
        root=str(fleet.root),
    )


def _site_plan(fleet: LoadedFleet, name: str, lock: Lock, catalog: Catalog) -> SitePlan:
    site = fleet.spec.sites[name]
    pools = tuple(
        _pool_plan(fleet, name, site, pool_name, lock.pools[f"{name}/{pool_name}"], catalog)
        for pool_name in sorted(site.node_pools)
    )
    return replace(site_plan_without_pools(fleet, name), node_pools=pools)


def _peer_plan(name: str, site: SiteSpec) -> PeerPlan:
    hall = isinstance(site, HallSpec)
    return PeerPlan(
        name=name,
        provider=site.provider,
        region=None if hall else site.region,
        account=None if hall else site.account,
        country=site.country,
        cidr=site.cidr,
    )


def claims_plan(claims: ClaimsSpec) -> dict[str, Any]:
    """Where a hall's claims are kept, by the names that the provider has for it."""
    if isinstance(claims, IronicClaimsSpec):
        bare = claims.model_dump(exclude={"journal"}, exclude_none=True)
        return {**_wire_names(bare), "journal": claims_plan(claims.journal)}
    return _wire_names(claims.model_dump(exclude_none=True))


def _wire_names(values: Mapping[str, Any]) -> dict[str, Any]:
    names = {"ca_certificate": "caCertificate", "username": "usernameRef", "password": "passwordRef"}
    return {names.get(name, name): value for name, value in values.items()}


def _hall_plan(site: HallSpec, inventory: Mapping[str, ServerPlan]) -> HallPlan:
    return HallPlan(
        claims=claims_plan(site.claims),
        phone_home=site.phone_home,
        ca_certificate=site.ca_certificate,
        simulator_directory=site.simulator.directory if site.simulator else None,
        uplinks=tuple(uplink.model_dump() for uplink in site.uplinks),
        feeds={feed.name: feed.rated_kw for feed in site.power.feeds},
        machines_reading_at_once=machines_reading_at_once(site),
        starts_at_once=site.power.start_up.at_once,
        inventory=tuple(inventory[serial] for serial in sorted(inventory)),
    )


def _pool_plan(
    fleet: LoadedFleet, site_name: str, site: SiteSpec, name: str, planned: PoolPlan, catalog: Catalog
) -> NodePoolPlan:
    pool = site.node_pools[name]
    node_type = node_type_of(site, pool, catalog)
    capacity = pool.capacity
    servers = _servers(fleet, site_name) if isinstance(site, HallSpec) else {}
    return NodePoolPlan(
        name=name,
        role=pool.role,
        node_type=node_type,
        nodes=planned.nodes,
        by_zone=dict(sorted(planned.by_zone.items())),
        capacity_type=capacity_type_of(pool),
        reservation=capacity.reservation if capacity else None,
        capacity_starts=_shown(capacity.starts) if capacity else None,
        capacity_ends=_shown(capacity.ends) if capacity else None,
        image_url=pool.image.url if pool.image else None,
        image_sha256=pool.image.sha256 if pool.image else None,
        servers=_in_slots(planned.slots, servers),
        spares=_in_slots(planned.spares, servers),
        power_cap_watts=pool.power_cap_watts,
        accelerator_watts=catalog.accelerator(node_type.accelerator).tdp_watts,
        settings=fleet.settings.pools.get((site_name, name)),
    )


def _shown(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat() if moment else None


def _in_slots(slots: Mapping[str, str], servers: Mapping[str, ServerPlan]) -> tuple[ServerPlan, ...]:
    return tuple(replace(servers[slots[slot]], slot=slot) for slot in sorted(slots, key=slot_order))


def _servers(fleet: LoadedFleet, site: str) -> dict[str, ServerPlan]:
    inventory = fleet.inventories[site]
    return {
        server.serial: ServerPlan(
            slot="",
            serial=server.serial,
            bmc=server.bmc,
            rack=server.rack,
            feeds=server.feeds,
            server_type=inventory.server_type_of(server),
            username_ref=inventory.credentials_of(server).username,
            password_ref=inventory.credentials_of(server).password,
            certificate_sha256=server.certificate_sha256,
        )
        for server in inventory.servers
    }
