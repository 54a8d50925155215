"""How a site's address range is cut into subnets. Each subnet follows from its zone alone.

| eighth of the range | holds |
|---|---|
| 0 | control plane and endpoints, one eighth of it for each of two zones |
| 1 to 7 | nodes and pods of the zone with that number, e.g. 4 for `use1-az4` |

So a new pool never moves another pool's subnet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network

from argosy_aws.facts import load_facts

WIDEST_PREFIX, NARROWEST_PREFIX = 16, 20
"""A VPC takes no range wider than /16; cut into eighths, one narrower than /20 holds too few pods."""

_ZONE_NUMBER = re.compile(r"-az([1-7])$")
_PARTS_BITS = 3


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
    """The subnets of a site whose pools stand in `zones` (zone ids of `region`)."""
    eighths = list(IPv4Network(cidr).subnets(_PARTS_BITS))
    control = list(eighths[0].subnets(_PARTS_BITS))
    return SubnetsChoice(
        control_plane=tuple(
            SubnetChoice(zone, str(control[_number(zone)]))
            for zone in load_facts().control_plane_zones(region)
        ),
        nodes=tuple(SubnetChoice(zone, str(eighths[_number(zone)])) for zone in sorted(set(zones))),
    )


def _number(zone: str) -> int:
    match = _ZONE_NUMBER.search(zone)
    if match is None:
        raise ValueError(f"{zone} is not a zone id such as use1-az4")
    return int(match[1])
