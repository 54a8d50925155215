"""How a site's address range is cut. Each part follows from the range alone, so that no pool moves another's.

| eighth of the range | holds |
|---|---|
| 0 | nodes |
| 1 | services |
| 2 and 3 | fabric subnets, 32 slots |
| 4 to 7 | pods |
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

WIDEST_PREFIX, NARROWEST_PREFIX = 12, 18
"""GKE takes no pod range wider than /9 and here no more is needed; a /18 holds pods for 64 nodes."""

PODS_PER_NODE = 64
"""Leaves each node a /25 of the pod range; training nodes run a handful of pods."""

_EIGHTHS, _FABRIC_SLOTS = 3, 5


@dataclass(frozen=True)
class Ranges:
    """The parts of a site's range."""

    nodes: str
    services: str
    pods: str
    fabric: tuple[str, ...]
    """One range for each slot of a fabric subnet."""


def choose_ranges(cidr: str) -> Ranges:
    """Cut a site's range."""
    whole = IPv4Network(cidr)
    eighths = list(whole.subnets(_EIGHTHS))
    fabric = list(whole.subnets(2))[1]
    return Ranges(
        nodes=str(eighths[0]),
        services=str(eighths[1]),
        pods=str(list(whole.subnets(1))[1]),
        fabric=tuple(str(slot) for slot in fabric.subnets(_FABRIC_SLOTS)),
    )
