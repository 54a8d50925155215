"""Holds a fleet file against the catalogue and the providers: what no file can know of itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from argosy.catalog import Catalog, NodeType, NotInCatalogError, catalog_of
from argosy.catalog.pools import node_type_of
from argosy.catalog.server_types import check_own_types, check_server_types, fix_of_type
from argosy.errors import FleetError
from argosy.planner.site_faults import site_faults
from argosy.prices import refusals
from argosy.providers import Provider, load_providers
from argosy.sizing.fleet import sizing_faults
from argosy.spec.alike import read_alike
from argosy.spec.hints import nearest
from argosy.spec.loader import load_spec
from argosy.spec.models import CloudSiteSpec, NodePoolSpec, NodeRange, QuotaSpec, SiteSpec
from argosy.spec.words import listed

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def load_fleet(env: str) -> tuple[LoadedFleet, Catalog]:
    """An environment's fleet, and the catalogue it was resolved with; raises FleetError."""
    fleet = load_spec(env)
    catalog = catalog_of(fleet)
    if faults := resolve(fleet, catalog, load_providers()):
        raise FleetError(faults)
    return fleet, catalog


def resolve(fleet: LoadedFleet, catalog: Catalog, providers: Mapping[str, Provider]) -> list[Fault]:
    """Every fault that shows only beside the catalogue, the registered providers or the other sites, sorted.

    What a vendor itself would reject (ids, zones, names) its provider says; those faults are among these.
    """
    if own := list(check_own_types(fleet, catalog)):
        return sorted(own)  # whatever rests on these types could only follow from that
    faults = [
        *_check_cidrs(fleet),
        *_check_names(fleet),
        *_check_pools(fleet, catalog, providers),
        *check_server_types(fleet, catalog),
        *_check_workloads(fleet, catalog),
        *_check_quotas(fleet, catalog),
        *site_faults(fleet, catalog),
        *refusals(fleet, catalog),
        *sizing_faults(fleet, catalog),
    ]
    for name, site in fleet.spec.sites.items():
        if site.provider in providers:
            faults += providers[site.provider].refusals(name, fleet, catalog)
        else:
            faults.append(_unknown_provider(fleet, name, site.provider, providers))
    return sorted(set(faults))


def _unknown_provider(fleet: LoadedFleet, site: str, given: str, providers: Mapping[str, Provider]) -> Fault:
    close = nearest(given, providers)
    return fleet.fault(
        f"sites.{site}.provider",
        given=f"{given!r}, for which no provider is registered",
        expected=f"one of {', '.join(sorted(providers))}",
        fix=f"did you mean {close}?" if close else f"install the package that brings {given}",
    )


def _check_cidrs(fleet: LoadedFleet) -> Iterator[Fault]:
    ranges = [(name, IPv4Network(site.cidr)) for name, site in fleet.spec.sites.items() if site.cidr]
    for (first, one), (second, other) in itertools.combinations(ranges, 2):
        if one.overlaps(other):
            yield fleet.fault(
                f"sites.{second}.cidr",
                given=f"{other}, which overlaps {one} of {first}",
                expected="a range that no other site uses, or the sites cannot reach each other",
                fix=f"write {_free_range([network for _, network in ranges], other.prefixlen)}",
            )


def _free_range(taken: list[IPv4Network], prefix: int) -> str:
    candidates = IPv4Network("10.0.0.0/8").subnets(new_prefix=max(prefix, 8))
    # Few networks are taken, so one of the first thousand is free unless they fill the whole of 10.0.0.0/8.
    for candidate in itertools.islice(candidates, 1_000):
        if not any(candidate.overlaps(network) for network in taken):
            return str(candidate)
    return "a smaller range"


def _check_names(fleet: LoadedFleet) -> Iterator[Fault]:
    pairs = [(site, pool) for site, spec in fleet.spec.sites.items() for pool in spec.node_pools]
    for (site, pool), (other, other_pool) in read_alike(pairs):
        yield fleet.fault(
            f"sites.{site}.node_pools.{pool}",
            given=f"{pool!r}, which with its site reads {site}-{pool}, like {other_pool} of {other}",
            expected="a pool that no other reads like, since resources bear the names of site and pool",
            fix="rename the pool",
        )


def _check_pools(fleet: LoadedFleet, catalog: Catalog, providers: Mapping[str, Provider]) -> Iterator[Fault]:
    for site_name, site in fleet.spec.sites.items():
        for name, pool in site.node_pools.items():
            at = f"sites.{site_name}.node_pools.{name}"
            provider = providers.get(site.provider)
            if provider is None:
                continue
            try:
                node_type = node_type_of(site, pool, catalog)
            except NotInCatalogError as error:
                yield _unknown_type(fleet, at, pool, error)
                continue
            yield from _check_capacity(fleet, at, pool, node_type, provider)
            yield from _check_one_fabric(fleet, at, pool, node_type)


def _unknown_type(fleet: LoadedFleet, at: str, pool: NodePoolSpec, error: NotInCatalogError) -> Fault:
    key = "server_type" if pool.server_type else "instance_type"
    return fleet.fault(
        f"{at}.{key}",
        given=f"{error.given!r}, which is not in the catalogue",
        expected=f"one of the catalogue's {error.kind}s",
        fix=fix_of_type(error) if pool.server_type else error.fix,
    )


def _check_capacity(
    fleet: LoadedFleet, at: str, pool: NodePoolSpec, node_type: NodeType, provider: Provider
) -> Iterator[Fault]:
    if pool.capacity is None:
        return
    kind = pool.capacity.type
    offered = [known for known in node_type.capacity_types if known in provider.capabilities]
    if kind not in provider.capabilities:
        given = f"{kind} capacity, which {provider.name} does not have"
    elif kind not in node_type.capacity_types:
        given = f"{kind} capacity for {node_type.name}, which is not sold so"
    else:
        return
    yield fleet.fault(
        f"{at}.capacity.type",
        given=given,
        expected=f"{listed(offered)} for {node_type.name}" if offered else "another node type",
        fix=f"write type: {offered[0]}" if len(offered) == 1 else "pick one of them",
    )


def _check_one_fabric(
    fleet: LoadedFleet, at: str, pool: NodePoolSpec, node_type: NodeType
) -> Iterator[Fault]:
    if pool.role == "training" and node_type.fabric != "none" and len(pool.zones) > 1:
        yield fleet.fault(
            f"{at}.zones",
            given=f"{len(pool.zones)} zones for training over {node_type.fabric}",
            expected="one zone, since no fabric spans two",
            fix=f"write zone: {pool.zones[0]}, and a pool of its own for each other zone",
        )


def _check_quotas(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    for site_name, site in fleet.spec.sites.items():
        for place, quota in enumerate(site.quotas if isinstance(site, CloudSiteSpec) else ()):
            yield from _check_quota_is_enough(
                fleet, f"sites.{site_name}.quotas[{place}]", site, quota, catalog
            )
            at = f"sites.{site_name}.quotas[{place}].pools"
            for index, name in enumerate(quota.pools):
                pool = site.node_pools.get(name)
                if pool is None:
                    close = nearest(name, site.node_pools)
                    yield fleet.fault(
                        f"{at}[{index}]",
                        given=f"{name!r}, which is no pool of {site_name}",
                        expected=f"one of {', '.join(sorted(site.node_pools))}",
                        fix=f"did you mean {close}?" if close else "name a pool",
                    )
                elif quota.unit == "vcpus" and not _knows_vcpus(site, pool, catalog):
                    yield fleet.fault(
                        f"{at}[{index}]",
                        given=f"{name!r}, whose vCPUs the catalogue does not know",
                        expected="pools that can be counted in the quota's unit",
                        fix="state the limit in nodes or accelerators",
                    )


def _check_quota_is_enough(
    fleet: LoadedFleet, at: str, site: SiteSpec, quota: QuotaSpec, catalog: Catalog
) -> Iterator[Fault]:
    pools = [site.node_pools[name] for name in sorted(set(quota.pools)) if name in site.node_pools]
    least = sum(_least_of(site, pool, quota.unit, catalog) for pool in pools)
    if least > quota.limit:
        yield fleet.fault(
            f"{at}.limit",
            given=f"a quota of {quota.limit:,} {quota.unit} for pools that take {least:,} at least",
            expected="a quota that they fit in together",
            fix="raise it with the vendor first, or ask for fewer nodes",
        )


def _least_of(site: SiteSpec, pool: NodePoolSpec, unit: str, catalog: Catalog) -> int:
    """What a pool takes of a quota at the least; 0 where the catalogue does not know."""
    nodes = pool.nodes.min if isinstance(pool.nodes, NodeRange) else pool.nodes
    try:
        node_type = node_type_of(site, pool, catalog)
    except NotInCatalogError:
        return 0  # that has a fault of its own
    per_node = {"nodes": 1, "accelerators": node_type.accelerators}.get(unit)
    return nodes * (per_node if per_node is not None else getattr(node_type, "vcpus", None) or 0)


def _knows_vcpus(site: SiteSpec, pool: NodePoolSpec, catalog: Catalog) -> bool:
    try:
        return getattr(node_type_of(site, pool, catalog), "vcpus", None) is not None
    except NotInCatalogError:
        return True  # that has a fault of its own


def _check_workloads(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    for role, workloads in (
        ("training", fleet.spec.demand.training),
        ("inference", fleet.spec.demand.inference),
    ):
        owned = _accelerators_of(fleet, catalog, role)
        for index, workload in enumerate(workloads):
            at = f"demand.{role}[{index}].accelerator"
            unknown = list(_unknown_accelerators(fleet, catalog, at, workload.accelerator))
            yield from unknown
            # A pool of an unknown type may be the one that was meant, so that nothing can be said yet.
            if not unknown and owned is not None and owned.isdisjoint(workload.accelerator):
                have = ", ".join(sorted(owned)) or "there is none"
                yield fleet.fault(
                    at,
                    given=f"{', '.join(workload.accelerator)}, which no pool for {role} has",
                    expected=f"an accelerator of the pools for {role}: {have}",
                    fix=f"add one of them, or a pool for {role} with {workload.accelerator[0]}",
                )


def _unknown_accelerators(
    fleet: LoadedFleet, catalog: Catalog, at: str, accelerators: tuple[str, ...]
) -> Iterator[Fault]:
    for position, name in enumerate(accelerators):
        try:
            catalog.accelerator(name)
        except NotInCatalogError as error:
            yield fleet.fault(
                f"{at}[{position}]",
                given=f"{name!r}, which is not in the catalogue",
                expected="an accelerator of the catalogue",
                fix=error.fix,
            )


def _accelerators_of(fleet: LoadedFleet, catalog: Catalog, role: str) -> set[str] | None:
    """Accelerators of all pools of a role, or that lend to it; None when a pool's type is not known."""
    found: set[str] = set()
    for site in fleet.spec.sites.values():
        for pool in site.node_pools.values():
            if pool.role == role or pool.lends:
                try:
                    found.add(node_type_of(site, pool, catalog).accelerator)
                except NotInCatalogError:
                    return None
    return found
