"""What AWS demands and advises of links to halls and of hybrid nodes. Values and sources: `halls.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network

from argosy_aws.yaml_facts import read_facts


@dataclass(frozen=True)
class HybridFacts:
    """Limits of hybrid links and hybrid nodes."""

    least_mbps: int
    longest_rtt_ms: int
    ranges: tuple[IPv4Network, ...]
    """In which the nodes and pods of a hall that joins must lie."""
    most_joining_halls: int
    """Of one cluster."""
    not_routers: tuple[IPv4Network, ...]
    """In which no router of a hall has its public address, beside what is not global anyway."""
    most_certificates: int
    """Of one trust anchor."""
    gateway_asns: tuple[tuple[int, int], ...]
    """First and last autonomous system numbers that a gateway of AWS may have."""

    def is_gateway_asn(self, asn: int) -> bool:
        """Whether a transit gateway or Direct Connect gateway may have this number."""
        return any(first <= asn <= last for first, last in self.gateway_asns)


@lru_cache(maxsize=1)
def load_hybrid_facts() -> HybridFacts:
    """The facts, read once per process."""
    content = read_facts(__file__, "halls.yaml")
    return HybridFacts(
        least_mbps=content["uplink"]["at_least_mbps"],
        longest_rtt_ms=content["uplink"]["at_most_rtt_ms"],
        ranges=tuple(IPv4Network(cidr) for cidr in content["ranges"]),
        most_joining_halls=content["most_joining_halls"],
        not_routers=tuple(IPv4Network(cidr) for cidr in content["not_routers"]),
        most_certificates=content["most_certificates"],
        gateway_asns=tuple((first, last) for first, last in content["gateway_asns"]),
    )
