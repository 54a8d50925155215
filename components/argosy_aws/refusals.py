"""What AWS would reject about a site, said when the fleet file is checked. Each rule yields faults."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argosy.catalog import Catalog, closest_names
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_aws.facts import load_facts
from argosy_aws.node_group import NODE_GROUP_PREFIX_LIMIT, name_prefix
from argosy_aws.subnets import NARROWEST_PREFIX, WIDEST_PREFIX
from argosy_component.cloud_pools import (
    CloudPool,
    cloud_pools,
    fleeting_protected_training,
    too_long,
    unfit_range,
)

_ACCOUNT = re.compile(r"^\d{12}$")
_RESERVATION = re.compile(r"^cr-[0-9a-f]{8,17}$")
_ZONE_NAME = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")
# amazon-eks-ami, doc/usage/g7-ami.md: g7 needs driver 595, EKS's own images carry 580.
_NEEDS_CUSTOM_IMAGE = "g7."
# EKS user guide, P6e-GB200 UltraServers.
_GB200, _GB200_KUBERNETES = "GB200", (1, 33)


def refuse(site: str, fleet: LoadedFleet, catalog: Catalog) -> list[Fault]:
    """All faults of an AWS site. What holds for every provider is `argosy.resolve`'s to say."""
    spec = fleet.spec.sites[site]
    if not isinstance(spec, CloudSiteSpec):
        return []
    return [
        *_region(fleet, site, spec),
        *_account(fleet, site, spec),
        *unfit_range(fleet, site, spec, widest=WIDEST_PREFIX, narrowest=NARROWEST_PREFIX),
        *(
            fault
            for pool in cloud_pools(site, spec, fleet, catalog)
            for rule in _POOL_RULES
            for fault in rule(pool)
        ),
    ]


def _region(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    regions = load_facts().zones
    if spec.region not in regions:
        near = closest_names(spec.region, regions)
        yield fleet.fault(
            f"sites.{site}.region",
            given=repr(spec.region),
            expected=f"an AWS region: {', '.join(regions)}",
            fix=f"write {near[0]}" if near else "name one of them",
        )


def _account(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    if spec.account is None or not _ACCOUNT.match(spec.account):
        yield fleet.fault(
            f"sites.{site}.account",
            given="no account" if spec.account is None else repr(spec.account),
            expected="the AWS account id, 12 digits in quotes",
            fix='write account: "111122223333" with your own number; no other account is touched',
        )


def _zones(pool: CloudPool) -> Iterator[Fault]:
    known = load_facts().zones.get(pool.site.region)
    for zone in sorted(set(pool.zones) - set(known or pool.zones)):
        why = "; a zone name means another zone in every account" if _ZONE_NAME.match(zone) else ""
        yield pool.fault(
            pool.zone_field,
            given=repr(zone),
            expected=f"a zone id of {pool.site.region}: {', '.join(known or ())}{why}",
            fix="write the id that `aws ec2 describe-availability-zones` shows beside the name",
        )


def _reservation(pool: CloudPool) -> Iterator[Fault]:
    kind = {"block": "Capacity Block", "reserved": "reservation"}.get(pool.capacity)
    if kind is not None and not _RESERVATION.match(pool.reservation or ""):
        yield pool.fault(
            "capacity.reservation",
            given="no reservation" if pool.reservation is None else repr(pool.reservation),
            expected=f"the id of the {kind}, e.g. cr-0123456789abcdef0",
            fix="write the id that AWS gave the purchase; Argosy buys nothing",
        )


def _one_zone(pool: CloudPool) -> Iterator[Fault]:
    if pool.capacity in ("reserved", "block") and len(pool.zones) > 1:
        yield pool.fault(
            "zones",
            given=f"{len(pool.zones)} zones",
            expected="one zone, since a reservation stands in one",
            fix="write zone: with the reservation's zone, and one pool per reservation",
        )


def _stock_image(pool: CloudPool) -> Iterator[Fault]:
    if pool.type is not None and pool.type.name.startswith(_NEEDS_CUSTOM_IMAGE):
        yield pool.fault(
            "instance_type",
            given=pool.type.name,
            expected="a type that EKS's own images can drive: g7 needs driver 595, they carry 580",
            fix="take g7e or g6e instead",
        )


def _rack_scale(pool: CloudPool) -> Iterator[Fault]:
    version = tuple(int(part) for part in pool.site.kubernetes_version.split("."))
    if pool.type is not None and pool.type.accelerator == _GB200 and version < _GB200_KUBERNETES:
        yield pool.fault(
            "instance_type",
            given=f"{pool.type.name} under Kubernetes {pool.site.kubernetes_version}",
            expected="Kubernetes 1.33 or later, where rack-scale NVLink can be claimed",
            fix='write kubernetes_version: "1.34" for the site',
        )


def _name(pool: CloudPool) -> Iterator[Fault]:
    if pool.zones:
        longest = max(pool.zones, key=len)
        yield from too_long(pool, name_prefix(pool.name, longest), limit=NODE_GROUP_PREFIX_LIMIT)


_POOL_RULES = (
    _zones,
    _reservation,
    _one_zone,
    fleeting_protected_training,
    _stock_image,
    _rack_scale,
    _name,
)
