"""What AWS demands and advises of links to halls and of hybrid nodes. Values and sources: `hybrid.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class HybridFacts:
    """Limits of hybrid links and hybrid nodes."""

    least_mbps: int
    longest_rtt_ms: int
    ranges: tuple[IPv4Network, ...]
    """In which the nodes and pods of a hall that joins must lie."""
    service_ranges: tuple[IPv4Network, ...]
    """Of which EKS takes one for services."""
    gateway_asns: tuple[tuple[int, int], ...]
    """First and last autonomous system numbers that a gateway of AWS may have."""

    def is_gateway_asn(self, asn: int) -> bool:
        """Whether a transit gateway or Direct Connect gateway may have this number."""
        return any(first <= asn <= last for first, last in self.gateway_asns)


@lru_cache(maxsize=1)
def load_hybrid_facts() -> HybridFacts:
    """The facts, read once per process."""
    from ruamel.yaml import YAML

    path = Path(__file__).with_name("hybrid.yaml")
    content: dict[str, Any] = YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType]
    return HybridFacts(
        least_mbps=content["uplink"]["at_least_mbps"],
        longest_rtt_ms=content["uplink"]["at_most_rtt_ms"],
        ranges=tuple(IPv4Network(cidr) for cidr in content["ranges"]),
        service_ranges=tuple(IPv4Network(cidr) for cidr in content["service_ranges"]),
        gateway_asns=tuple((first, last) for first, last in content["gateway_asns"]),
    )
