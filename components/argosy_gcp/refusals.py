"""What Google Cloud would reject about a site, said when the fleet file is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argosy.catalog import Catalog
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_component.cloud_pools import (
    CloudPool,
    cloud_pools,
    fleeting_protected_training,
    too_long,
    unfit_range,
)
from argosy_gcp.names import CLUSTER_NAME_LIMIT, cluster_name
from argosy_gcp.networks import KNOWN_KINDS
from argosy_gcp.node_pool import NODE_POOL_PREFIX_LIMIT, name_prefix
from argosy_gcp.ranges import NARROWEST_PREFIX, WIDEST_PREFIX

_PROJECT = re.compile(r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")
_REGION = re.compile(r"^[a-z]+-[a-z]+\d+$")
_RESERVATION = re.compile(
    r"^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/reservations/)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
    r"(/reservationBlocks/[a-z0-9-]+(/reservationSubBlocks/[a-z0-9-]+)?)?$"
)


def refuse(site: str, fleet: LoadedFleet, catalog: Catalog) -> list[Fault]:
    """All faults of a Google Cloud site. What holds for every provider is `argosy.resolve`'s to say."""
    spec = fleet.spec.sites[site]
    if not isinstance(spec, CloudSiteSpec):
        return []
    pools = cloud_pools(site, spec, fleet, catalog)
    return [
        *_region(fleet, site, spec),
        *_project(fleet, site, spec),
        *unfit_range(fleet, site, spec, widest=WIDEST_PREFIX, narrowest=NARROWEST_PREFIX),
        *_cluster_name(fleet, site),
        *(fault for pool in pools for rule in _POOL_RULES for fault in rule(pool)),
        *_one_rdma_zone(pools),
    ]


def _region(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    if not _REGION.match(spec.region):
        yield fleet.fault(
            f"sites.{site}.region",
            given=repr(spec.region),
            expected="a Google Cloud region, e.g. europe-west4",
            fix="leave the zone's letter out, or see `gcloud compute regions list`",
        )


def _project(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    if spec.account is None or not _PROJECT.match(spec.account):
        yield fleet.fault(
            f"sites.{site}.account",
            given="no account" if spec.account is None else repr(spec.account),
            expected="the project's id: 6 to 30 lower-case letters, digits and dashes",
            fix="write account: with the id that `gcloud projects list` shows, not its name or number",
        )


def _cluster_name(fleet: LoadedFleet, site: str) -> Iterator[Fault]:
    name = cluster_name(fleet.spec.name, site)
    if len(name) > CLUSTER_NAME_LIMIT:
        yield fleet.fault(
            f"sites.{site}",
            given=f"a fleet and a site whose names make {name}, {len(name)} characters",
            expected=f"at most {CLUSTER_NAME_LIMIT} for the GKE cluster's name",
            fix="shorten the site's name",
        )


def _zones(pool: CloudPool) -> Iterator[Fault]:
    region = pool.site.region
    for zone in sorted(pool.zones):
        if not re.fullmatch(rf"{re.escape(region)}-[a-z]", zone):
            yield pool.fault(
                pool.zone_field,
                given=repr(zone),
                expected=f"a zone of {region}, e.g. {region}-b",
                fix="write a zone of the site's region, or make another site for the other region",
            )


def _reservation(pool: CloudPool) -> Iterator[Fault]:
    if pool.capacity == "reserved" and not _RESERVATION.match(pool.reservation or ""):
        yield pool.fault(
            "capacity.reservation",
            given="no reservation" if pool.reservation is None else repr(pool.reservation),
            expected="the reservation's name, or projects/PROJECT/reservations/NAME of another project",
            fix="write the name that `gcloud compute reservations list` shows; Argosy reserves nothing",
        )
    if pool.capacity == "flex" and pool.reservation is not None:
        yield pool.fault(
            "capacity.reservation",
            given="a reservation for flex nodes",
            expected="a reservation only where the type is reserved",
            fix="write type: reserved, or leave the reservation out",
        )


def _one_zone(pool: CloudPool) -> Iterator[Fault]:
    if len(pool.zones) > 1 and (pool.capacity == "reserved" or _has_rdma(pool)):
        why = "a reservation stands in one" if pool.capacity == "reserved" else "its RDMA network is a zone's"
        yield pool.fault(
            "zones",
            given=f"{len(pool.zones)} zones",
            expected=f"one zone, since {why}",
            fix="write zone: with that zone, and one pool for each",
        )


def _one_rdma_zone(pools: list[CloudPool]) -> Iterator[Fault]:
    rdma = [pool for pool in pools if _has_rdma(pool) and len(pool.zones) == 1]
    for pool in rdma[1:]:
        if pool.zones != rdma[0].zones:
            yield pool.fault(
                "zone",
                given=f"{pool.zones[0]}, while {rdma[0].name} has its RDMA network in {rdma[0].zones[0]}",
                expected="one zone for all RDMA pools of a site",
                fix="make a second site for the other zone; it is a failure domain of its own",
            )


def _has_rdma(pool: CloudPool) -> bool:
    networks = pool.type.additional_networks if pool.type else ()
    return any(network.network_profile for network in networks)


def _flex(pool: CloudPool) -> Iterator[Fault]:
    if pool.capacity == "flex" and isinstance(pool.spec.nodes, int):
        yield pool.fault(
            "nodes",
            given=f"{pool.spec.nodes} pinned nodes of flex capacity",
            expected="a range from 0, since flex-start nodes come when they can and go after seven days",
            fix=f"write nodes: {{min: 0, max: {pool.spec.nodes}}}",
        )


def _machine(pool: CloudPool) -> Iterator[Fault]:
    if pool.type is None:
        return
    unknown = {network.kind for network in pool.type.additional_networks} - KNOWN_KINDS
    rack_scale = (pool.type.nvlink_domain or 0) > pool.type.accelerators
    if unknown or rack_scale or pool.type.guest_accelerator is None:
        yield pool.fault(
            "instance_type",
            given=pool.type.name,
            expected="a machine of one NVLink domain, with gVNIC or RoCE networks: a2, a3, a4, g2 or g4",
            fix="take a3-ultragpu-8g or a4-highgpu-8g",
        )


def _name(pool: CloudPool) -> Iterator[Fault]:
    if pool.zones:
        yield from too_long(pool, name_prefix(pool.name, pool.zones[0]), limit=NODE_POOL_PREFIX_LIMIT)


_POOL_RULES = (
    _zones,
    _reservation,
    _one_zone,
    _flex,
    fleeting_protected_training,
    _machine,
    _name,
)
