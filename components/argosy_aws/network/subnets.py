"""How a site's address range is cut into subnets. Each subnet follows from its zone alone.

| eighth of the range | holds |
|---|---|
| 0 | one eighth of it for each zone: control plane and endpoints in two of them; in the others, where a hall is linked, the way to it |
| 1 to 6 | nodes and pods of the zone with that number, e.g. 4 for `use1-az4` |
| 7 | nodes and pods of Local Zones, a quarter each |

So a new pool never moves another pool's subnet.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from argosy_aws.facts import load_facts
from argosy_aws.network.local_zones import load_local_zones

WIDEST_PREFIX, NARROWEST_PREFIX = 16, 20
"""A VPC takes no range wider than /16; cut into eighths, one narrower than /20 holds too few pods."""

# A region has six zones at most (us-east-1), so the last eighth is free for Local Zones.
_ZONE_NUMBER = re.compile(r"^[a-z]+[0-9]+-az([1-6])$")
_LOCAL_ZONES_PART = 7
_PARTS_BITS, _QUARTERS_BITS = 3, 2
# Amazon VPC user guide, subnet sizing: the first four addresses and the last.
_TAKEN_BY_AWS = 5


@dataclass(frozen=True)
class SubnetChoice:
    """A private subnet in one zone."""

    zone: str
    cidr: str


@dataclass(frozen=True)
class SubnetsChoice:
    """The subnets of a site."""

    control_plane: tuple[SubnetChoice, ...]
    nodes: tuple[SubnetChoice, ...]


def choose_subnets(cidr: str, region: str, zones: Iterable[str]) -> SubnetsChoice:
    """The subnets of a site whose pools stand in `zones`: zone ids of `region`, or of its Local Zones.

    EKS takes no subnet of a Local Zone for its control plane. Source: EKS user guide, Local Zones.
    """
    return SubnetsChoice(
        control_plane=tuple(_small(cidr, zone) for zone in load_facts().control_plane_zones(region)),
        nodes=tuple(SubnetChoice(zone, str(_part(cidr, zone))) for zone in sorted(set(zones))),
    )


def choose_transit_subnets(cidr: str, region: str, zones: Iterable[str]) -> tuple[SubnetChoice, ...]:
    """Subnets for the way to linked halls, in zones with nodes that hold no subnet of the control plane.

    A transit gateway is reached only from zones in which it has a subnet. It takes none of a Local Zone,
    whose nodes go through the parent zone. Source: Amazon VPC transit gateways, VPC attachments.
    """
    local = load_local_zones()
    needed = {local[zone].parent if zone in local else zone for zone in zones}
    return tuple(
        _small(cidr, zone) for zone in sorted(needed - set(load_facts().control_plane_zones(region)))
    )


def node_addresses(cidr: str, zone: str) -> int:
    """How many addresses of a zone's subnet nodes and pods may have."""
    return _part(cidr, zone).num_addresses - _TAKEN_BY_AWS


def control_plane_addresses(cidr: str) -> int:
    """How many addresses each of the two subnets of the control plane has for all that stands in it."""
    return (IPv4Network(cidr).num_addresses >> 2 * _PARTS_BITS) - _TAKEN_BY_AWS


def choose_zone_groups(zones: Iterable[str]) -> tuple[str, ...]:
    """The zone groups that the account must opt in to before a subnet can stand in these zones."""
    local = load_local_zones()
    return tuple(sorted({local[zone].group for zone in zones if zone in local}))


def _small(cidr: str, zone: str) -> SubnetChoice:
    first = next(IPv4Network(cidr).subnets(_PARTS_BITS))
    return SubnetChoice(zone, str(list(first.subnets(_PARTS_BITS))[_number(zone)]))


def _part(cidr: str, zone: str) -> IPv4Network:
    parts = list(IPv4Network(cidr).subnets(_PARTS_BITS))
    local = load_local_zones().get(zone)
    if local is not None:
        return list(parts[_LOCAL_ZONES_PART].subnets(_QUARTERS_BITS))[local.quarter]
    return parts[_number(zone)]


def _number(zone: str) -> int:
    match = _ZONE_NUMBER.search(zone)
    if match is None:
        raise ValueError(f"{zone} is not a zone id such as use1-az4, nor a Local Zone of local_zones.yaml")
    return int(match[1])
